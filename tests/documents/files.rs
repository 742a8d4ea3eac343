//! The files and modules that documents name are there.

use std::fs;
use std::path::{Path, PathBuf};

use crate::guide::{Guide, cells, code};

/// Every file and folder of the package with source, relative to it.
fn files() -> Vec<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut folders: Vec<_> = [
        "src", "plugins", "tests", "docs", "config", "benches", "fuzz",
    ]
    .map(|folder| package.join(folder))
    .into();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path.clone());
            }
            files.push(path.strip_prefix(package).unwrap().to_owned());
        }
        files.push(folder.strip_prefix(package).unwrap().to_owned());
    }
    files
}

fn is_source(path: &str) -> bool {
    let extension = Path::new(path).extension();
    extension.is_some_and(|extension| extension == "rs" || extension == "toml")
}

#[test]
fn every_file_that_a_document_names_is_there() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = files();
    let mut seen = 0;
    let mut missing = Vec::new();
    for guide in Guide::all()
        .iter()
        .filter(|guide| guide.name() != "docs/changelog.md")
    {
        for (number, line) in guide.prose() {
            for path in code(line) {
                let is_path = path.starts_with(|c: char| c.is_ascii_alphabetic())
                    && path
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || "/_-.".contains(c))
                    && (is_source(path) || path.ends_with('/'));
                // What a reader makes.
                let is_example = ["acme", "NAME", "fuzz/artifacts", "fuzz/target"]
                    .iter()
                    .any(|example| path.contains(example));
                if !is_path || is_example || path == "panda-oidc.toml" {
                    continue;
                }
                seen += 1;
                // A row about a folder names what is in it.
                if !package.join(path).exists() && !files.iter().any(|file| file.ends_with(path)) {
                    missing.push(format!("{}:{number}: {path}", guide.name()));
                }
            }
        }
    }
    assert!(seen > 100, "only {seen} paths were seen");
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Code in these tables that is no module.
const OTHER_WORDS: [&str; 2] = ["jwks_uri", "check"];

#[test]
fn every_module_in_the_tables_of_the_architecture_is_there() {
    let files = files();
    let guides = Guide::all();
    let guide = guides
        .iter()
        .find(|guide| guide.name() == "docs/architecture.md")
        .unwrap();
    let mut in_table = false;
    let mut seen = 0;
    let mut missing = Vec::new();
    for (number, line) in guide.prose() {
        let cells = cells(line);
        in_table = !cells.is_empty() && (in_table || cells[0] == "module");
        if !in_table {
            continue;
        }
        let folders = code(cells[0]).into_iter();
        let folders: Vec<_> = folders
            .map(|module| Path::new("src").join(module))
            .collect();
        let names = code(cells[1]).into_iter().filter(|name| {
            name.chars()
                .all(|c| c.is_ascii_lowercase() || "_/".contains(c))
        });
        for name in names {
            seen += 1;
            let is_there = files.iter().any(|file| {
                let is_below = folders.iter().any(|folder| file.starts_with(folder));
                is_below && (file.ends_with(name) || file.ends_with(format!("{name}.rs")))
            });
            if !is_there && !OTHER_WORDS.contains(&name) {
                missing.push(format!("{number}: {name}"));
            }
        }
    }
    assert!(seen > 60, "only {seen} modules were seen");
    assert!(missing.is_empty(), "{missing:#?}");
}

/// `cargo test --test NAME` and `cargo bench --bench NAME` name what Cargo finds.
#[test]
fn every_suite_and_benchmark_that_a_document_runs_is_there() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    let mut missing = Vec::new();
    for guide in Guide::all().iter().filter(|guide| guide.is_current()) {
        for (flag, folder) in [(" --test ", "tests"), (" --bench ", "benches")] {
            for (_, after) in guide
                .text
                .match_indices(flag)
                .map(|(at, _)| guide.text.split_at(at + flag.len()))
            {
                let name: String = after
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                    .collect();
                seen += 1;
                let place = package.join(folder).join(&name);
                if !place.join("main.rs").is_file() && !place.with_extension("rs").is_file() {
                    missing.push(format!("{}: {flag}{name}", guide.name()));
                }
            }
        }
    }
    assert!(seen > 20, "only {seen} were seen");
    assert!(missing.is_empty(), "{missing:#?}");
}

/// A test that a document runs by its path is there.
#[test]
fn every_test_that_a_document_runs_by_its_path_is_there() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut missing = Vec::new();
    for guide in Guide::all().iter().filter(|guide| guide.is_current()) {
        for line in guide.text.lines() {
            let Some((before, test)) = line.split_once(" -- --exact ") else {
                continue;
            };
            let suite = before.rsplit(' ').next().unwrap();
            let (file, name) = test.split(' ').next().unwrap().split_once("::").unwrap();
            let path = package.join("tests").join(suite).join(format!("{file}.rs"));
            let source = fs::read_to_string(path).unwrap_or_default();
            if !source.contains(&format!("fn {name}(")) {
                missing.push(format!("{}: {line}", guide.name()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
