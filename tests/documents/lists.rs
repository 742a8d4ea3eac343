//! Lists name what is there, once.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use crate::guide::{Guide, cells, code};

fn named(name: &str) -> Guide {
    let mut guides = Guide::all().into_iter();
    guides.find(|guide| guide.name() == name).unwrap()
}

#[test]
fn the_readme_lists_every_guide() {
    let readme = named("README.md").text;
    let guides = Guide::all();
    let guides = guides.iter().map(Guide::name);
    let linked = |name: &str| readme.contains(&format!("({name})"));
    let missing: Vec<_> = guides
        .filter(|name| name.starts_with("docs/") && !name.starts_with("docs/adr/"))
        .filter(|name| !linked(name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_changelog_says_nothing_twice() {
    let changelog = named("docs/changelog.md").text;
    let mut seen = HashSet::new();
    let twice: Vec<_> = changelog
        .split("\n- ")
        .skip(1)
        .filter(|item| !seen.insert(item.split('\n').next().unwrap()))
        .collect();
    assert!(seen.len() > 50 && twice.is_empty(), "{twice:#?}");
    let topics: Vec<_> = changelog
        .lines()
        .filter(|line| line.starts_with("##"))
        .collect();
    let distinct: HashSet<_> = topics.iter().collect();
    assert_eq!(distinct.len(), topics.len(), "{topics:?}");
}

/// The functions that a file declares, in order.
fn functions(file: &str) -> Vec<String> {
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let names = source.split("fn ").skip(1);
    let names = names.map(|rest| rest.split(['(', '<']).next().unwrap().to_owned());
    names.collect()
}

#[test]
fn the_guide_to_providers_lists_the_contract_and_the_traits() {
    let guide = named("docs/adding-a-provider.md");
    let rows = guide.prose().into_iter().map(|(_, line)| line);
    let firsts = rows.filter_map(|row| cells(row).first().copied());
    let firsts: Vec<_> = firsts.flat_map(code).collect();
    let source = functions("plugins/sdk/src/contract.rs");
    let rules = source
        .into_iter()
        .filter(|name| name.matches('_').count() >= 2);
    let methods = functions("plugins/sdk/src/provider.rs");
    let methods = methods.into_iter().take_while(|name| name != "new");
    let missing: Vec<_> = rules
        .chain(methods.map(|method| format!("::{method}")))
        .filter(|name| !firsts.iter().any(|first| first.contains(name.as_str())))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
