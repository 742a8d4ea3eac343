//! Lists name what is there, once.

use std::collections::HashSet;

use crate::guide::Guide;

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
