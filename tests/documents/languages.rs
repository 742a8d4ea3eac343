//! A guide says the same in both languages, as far as a program can see it.

use crate::guide::{Guide, cells, code};

/// A summary of the English page, which says so itself.
const SUMMARY: &str = "docs/reliability.zh.md";

/// The levels of the headings, in order.
fn skeleton(guide: &Guide) -> Vec<String> {
    let mut skeleton = Vec::new();
    for (_, line) in guide.prose() {
        let level = line.len() - line.trim_start_matches('#').len();
        if level > 0 && line[level..].starts_with(' ') {
            skeleton.push("#".repeat(level));
        }
    }
    skeleton
}

/// The keys in the first column of tables.
fn keys(guide: &Guide) -> Vec<String> {
    let lines = guide.prose().into_iter();
    let firsts = lines.filter_map(|(_, line)| cells(line).first().copied());
    let mut keys: Vec<_> = firsts.flat_map(code).map(str::to_owned).collect();
    keys.sort();
    keys.dedup();
    keys
}

/// The code in the prose: keys, values, addresses, sentences of the log.
fn names(guide: &Guide) -> Vec<String> {
    let paragraphs = guide.paragraphs();
    let code = paragraphs.iter().flat_map(|(_, text)| code(text));
    let mut names: Vec<_> = code.map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

/// The blocks that are no prose, without comments and text in quotes that people read.
fn blocks(guide: &Guide) -> Vec<String> {
    let blocks = guide.blocks().into_iter().map(|block| {
        let lines = block.text.lines().map(|line| {
            let line = line.split(" #").next().unwrap();
            let line = line.split(" //").next().unwrap().trim();
            if line.starts_with(['#', '/']) {
                ""
            } else {
                line
            }
        });
        let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
        format!("```{}\n{}", block.language, lines.join("\n"))
    });
    blocks.collect()
}

fn differences(part: impl Fn(&Guide) -> Vec<String>) -> Vec<String> {
    let mut differences = Vec::new();
    for (english, chinese) in Guide::pairs() {
        if chinese.name() == SUMMARY {
            continue;
        }
        let (ours, theirs) = (part(&english), part(&chinese));
        for (one, other, guide) in [(&ours, &theirs, &english), (&theirs, &ours, &chinese)] {
            for item in one.iter().filter(|item| !other.contains(item)) {
                differences.push(format!("{} alone: {item}", guide.name()));
            }
        }
        if ours.len() != theirs.len() {
            let lengths = (ours.len(), theirs.len());
            differences.push(format!("{}: {lengths:?}", english.name()));
        }
    }
    differences
}

#[test]
fn both_languages_have_the_same_headings() {
    let differences = differences(skeleton);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn the_tables_of_both_languages_have_the_same_keys() {
    let differences = differences(keys);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn the_examples_of_both_languages_are_the_same() {
    let differences = differences(blocks);
    assert!(differences.is_empty(), "{differences:#?}");
}

/// A fact that has a name is stated in both languages, or in neither.
#[test]
fn the_prose_of_both_languages_names_the_same_things() {
    let differences = differences(names);
    assert!(differences.is_empty(), "{differences:#?}");
}
