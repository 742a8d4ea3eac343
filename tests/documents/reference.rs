//! Guides and the reference configuration agree.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use panda_oidc::config;

use crate::guide::{Guide, cells, code};

/// The keys that the reference configuration explains, as `section.key`, each with its value.
fn reference() -> BTreeMap<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/panda-oidc.toml");
    let text = fs::read_to_string(path).unwrap();
    let mut section = "";
    let mut keys = BTreeMap::new();
    for line in text.lines() {
        let line = line.strip_prefix("# ").unwrap_or(line);
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_start_matches('[').split(']').next().unwrap();
        } else if let Some((key, value)) = line.split_once(" = ") {
            keys.insert(format!("{section}.{key}"), value.to_owned());
        }
    }
    keys
}

#[test]
fn every_key_that_a_guide_names_is_in_the_reference_configuration() {
    let known = reference();
    let sections = known.keys().filter_map(|key| Some(key.split_once('.')?.0));
    // The keys above every section have none.
    let sections: BTreeSet<_> = sections.filter(|section| !section.is_empty()).collect();
    let mut seen = 0;
    let mut unknown = Vec::new();
    for guide in Guide::all().iter().filter(|guide| guide.is_current()) {
        let mut in_limits = false;
        for (number, line) in guide.prose() {
            let first = cells(line).first().copied().unwrap_or_default();
            in_limits = !first.is_empty() && (in_limits || first == "`[limits]`");
            let keys = code(line).into_iter().filter_map(|code| {
                let code = code.split(" = ").next().unwrap();
                let (section, key) = code.split_once('.')?;
                let is_key = key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
                (sections.contains(&section) && is_key && key != "rs").then(|| code.to_owned())
            });
            let limits = code(first).into_iter().map(|key| format!("limits.{key}"));
            let limits = limits.filter(|key| in_limits && !key.contains('['));
            for key in keys.chain(limits) {
                seen += 1;
                if !known.contains_key(&key) {
                    unknown.push(format!("{}:{number}: {key}", guide.name()));
                }
            }
        }
    }
    assert!(seen > 60, "only {seen} keys were seen");
    assert!(unknown.is_empty(), "{unknown:#?}");
}

/// A table with a column of defaults shows those of the reference configuration, which are the program's.
#[test]
fn every_default_in_a_table_is_that_of_the_reference_configuration() {
    let known = reference();
    let mut seen = 0;
    let mut wrong = Vec::new();
    for guide in Guide::all().iter().filter(|guide| guide.is_current()) {
        let mut column = None;
        let mut section = "";
        for (number, line) in guide.prose() {
            let cells = cells(line);
            if cells.is_empty() {
                column = None;
            } else if let Some(at) = cells
                .iter()
                .position(|cell| ["default", "默认"].contains(cell))
            {
                column = Some(at);
                let is_limits = cells[0] == "`[limits]`";
                section = if is_limits { "limits" } else { "clients" };
            } else if let Some(at) = column {
                for key in code(cells[0]) {
                    let shown = cells[at].trim_matches('`');
                    let value = known.get(&format!("{section}.{key}"));
                    let is_word = ["this machine", "本机"].contains(&shown);
                    seen += usize::from(value.is_some());
                    if value.is_none_or(|value| value != shown) && !is_word {
                        wrong.push(format!(
                            "{}:{number}: {key} {shown} {value:?}",
                            guide.name()
                        ));
                    }
                }
            }
        }
    }
    assert!(seen > 25, "only {seen} defaults were seen");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The tables of presets name every key and claim that a preset sets.
#[test]
fn the_tables_of_presets_name_what_each_sets() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/presets");
    let guides = Guide::all();
    let guides = guides
        .iter()
        .filter(|guide| guide.name().starts_with("docs/claims."));
    for (guide, entry) in guides.flat_map(|guide| {
        let entries = fs::read_dir(&folder).unwrap();
        entries.map(move |entry| (guide, entry.unwrap().path()))
    }) {
        let preset = format!("| `\"{}\"`", entry.file_stem().unwrap().to_str().unwrap());
        let row = guide.text.lines().find(|line| line.starts_with(&preset));
        let row = row.expect(&preset);
        let mut keys: toml::Table = toml::from_str(&fs::read_to_string(&entry).unwrap()).unwrap();
        let claims = keys.remove("claims").unwrap();
        let claims = claims.as_table().unwrap().keys();
        let missing: Vec<_> = keys
            .keys()
            .chain(claims)
            .filter(|key| !row.contains(&format!("`{key}`")) && !row.contains(&format!("`{key} =")))
            .collect();
        assert!(missing.is_empty(), "{}: {preset} {missing:?}", guide.name());
    }
}

#[test]
fn the_chapter_on_limits_has_every_limit() {
    let keys = reference();
    for guide in Guide::all() {
        if !guide.name().starts_with("docs/operating") {
            continue;
        }
        let limits = keys.keys().filter_map(|key| key.strip_prefix("limits."));
        let missing: Vec<_> = limits
            .filter(|key| !guide.text.contains(&format!("`{key}`")))
            .collect();
        assert!(missing.is_empty(), "{}: {missing:?}", guide.name());
    }
}

/// What the reference configuration does not mark as required may be left out.
#[test]
fn a_key_that_is_not_marked_as_required_may_be_left_out() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/panda-oidc.toml");
    let text = fs::read_to_string(path).unwrap();
    let text = text.replace("CHANGE-ME", "0123456789abcdef0123456789abcdef");
    let lines: Vec<_> = text.lines().collect();
    let mut needed = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let is_key = line.contains(" = ") && !line.starts_with('#');
        let comments = lines[..at].iter().rev();
        let comments = comments.take_while(|line| line.starts_with("# ") && !line.contains(" = "));
        let is_required = comments.into_iter().any(|line| line.contains("required"));
        // One secret must be there, and `links` is below `client_uri`.
        let others = ["client_secret", "client_uri"];
        let is_needed = others.iter().any(|other| line.starts_with(other));
        if is_key && !is_required && !is_needed {
            let without = [&lines[..at], &lines[at + 1..]].concat().join("\n");
            if config::parse(&without).is_err() {
                needed.push((*line).to_owned());
            }
        }
    }
    assert!(needed.is_empty(), "{needed:#?}");
}
