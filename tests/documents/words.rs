//! Names that guides write as code are names of the program.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::guide::{Guide, code};

/// Names of other programs, and one of our own that is put together.
const OTHERS: [&str; 5] = [
    // Grafana's auth.jwt.
    "jwk_set_file",
    "jwk_set_url",
    // Front-channel logout without frames of ours.
    "check_session_iframe",
    // A heading of a table: `_` does not matter there.
    "employee_id",
    // A fuzz target, which has a workspace of its own.
    "token_form",
];

/// Guides about other programs.
const RECIPES: [&str; 2] = ["docs/clients.", "docs/clients/"];

/// The source of the program, its configuration and its tests.
fn sources() -> String {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    let mut paths: Vec<_> = ["src", "plugins", "config", "tests"]
        .map(|folder| package.join(folder))
        .into();
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            // What these tests say proves nothing.
            let entries = fs::read_dir(&path).unwrap();
            let entries = entries.map(|entry| entry.unwrap().path());
            paths.extend(entries.filter(|path| !path.ends_with("tests/documents")));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "rs" || extension == "toml")
        {
            text += &fs::read_to_string(path).unwrap();
        }
    }
    text
}

/// Words with `_` in them: keys, parameters, claims, codes, metrics, functions.
fn names(code: &str) -> impl Iterator<Item = &str> {
    let words = code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| {
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        word.trim_matches('_').contains('_') && word.chars().all(is_name)
    })
}

#[test]
fn every_name_in_a_guide_is_one_of_the_programs() {
    let sources = sources();
    let mut seen = BTreeSet::new();
    let mut unknown = BTreeSet::new();
    for guide in Guide::all().iter().filter(|guide| guide.is_current()) {
        if RECIPES.iter().any(|name| guide.name().starts_with(name)) {
            continue;
        }
        for (_, text) in guide.paragraphs() {
            for name in code(&text).into_iter().flat_map(names) {
                seen.insert(name.to_owned());
                if !sources.contains(name) && !OTHERS.contains(&name) {
                    unknown.insert(format!("{}: {name}", guide.name()));
                }
            }
        }
    }
    assert!(seen.len() > 300, "only {} names were seen", seen.len());
    assert!(unknown.is_empty(), "{unknown:#?}");
}
