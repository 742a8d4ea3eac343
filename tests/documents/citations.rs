//! The tests that documents name exist.

use std::fs;
use std::path::{Path, PathBuf};

/// The tests that `document` names, each with its file. They are written "file: `test`, `test`", where
/// the file is relative to one of `roots` and has no extension.
fn citations(document: &str) -> Vec<(String, String)> {
    let mut citations = Vec::new();
    let mut file = "";
    // In a line split at backticks, every second part is code.
    for line in document.lines() {
        let parts: Vec<_> = line.split('`').collect();
        for pair in parts.chunks_exact(2) {
            let (text, code) = (pair[0], pair[1]);
            if let Some(before) = text.strip_suffix(": ") {
                let start = before.rfind(|c: char| !c.is_ascii_alphanumeric() && !"_/".contains(c));
                file = &before[start.map_or(0, |at| at + 1)..];
            } else if text != ", " {
                file = "";
            }
            if !file.is_empty() && code.contains('_') {
                citations.push((file.to_owned(), code.to_owned()));
            }
        }
    }
    citations
}

/// The Rust source of a file or of a folder with all its files; empty if there is neither.
fn source(path: &Path) -> String {
    let mut files = vec![path.with_extension("rs"), path.to_owned()];
    let mut text = String::new();
    while let Some(file) = files.pop() {
        if file.is_dir() {
            files.extend(
                fs::read_dir(file)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if file.extension().is_some_and(|extension| extension == "rs") {
            text += &fs::read_to_string(file).unwrap_or_default();
        }
    }
    text
}

fn check(document: &str, default_suite: &str, at_least: usize) {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let citations = citations(&fs::read_to_string(package.join(document)).unwrap());
    assert!(
        citations.len() >= at_least,
        "{document}: only {citations:?}"
    );
    let missing: Vec<_> = citations
        .into_iter()
        .filter(|(file, test)| {
            let places = ["tests", &format!("tests/{default_suite}"), "."];
            let mut places = places
                .map(|place| package.join(place).join(file))
                .into_iter();
            !places.any(|place: PathBuf| source(&place).contains(&format!("fn {test}(")))
        })
        .collect();
    assert!(
        missing.is_empty(),
        "{document} names tests that do not exist: {missing:#?}"
    );
}

#[test]
fn the_list_of_attacks_names_tests_that_exist() {
    check("docs/security.md", "security", 50);
}

#[test]
fn the_list_of_requirements_names_tests_that_exist() {
    check("docs/conformance.md", "protocol", 50);
}

#[test]
fn the_promises_of_reliability_name_tests_that_exist() {
    check("docs/reliability.md", "faults", 20);
}
