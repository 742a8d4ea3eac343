//! The provider rules of `src/`: what may import what, and what may be done where.
//!
//! `docs/architecture.md` draws the storeys. A file imports from its own floor and from those below
//! it, never from above and never in a circle. What these tests print names the file, the line and
//! the rule.

#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "architecture/source.rs"]
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

use source::{Source, SourceFile};

/// The modules at the top of `src/`, floor by floor from the ground up.
const FLOORS: &[(&str, &[&str])] = &[
    (
        "ground",
        &[
            "crypto",
            "csv_text",
            "error_chain",
            "keys",
            "plugins",
            "private_dir",
            "problem",
        ],
    ),
    (
        "rules",
        &[
            "backchannel",
            "directory",
            "links",
            "login",
            "oauth",
            "people",
            "scim",
            "session",
        ],
    ),
    ("edges", &["app", "config", "limits", "store"]),
    ("use cases", &["service"]),
    ("faces", &["http", "jobs"]),
    ("command line", &["cli"]),
];

/// The source, which every test reads.
static SOURCE: LazyLock<Source> =
    LazyLock::new(|| Source::read(Path::new(env!("CARGO_MANIFEST_DIR"))));

/// Whether a file decides from what it is handed: the same arguments give the same answer.
fn is_pure(file: &SourceFile) -> bool {
    !top(file).is_empty() && FLOORS[floor(top(file))].0 == "rules"
}

fn top(file: &SourceFile) -> &str {
    file.module.first().map_or("", String::as_str)
}

fn floor(module: &str) -> usize {
    let found = FLOORS.iter().position(|(_, rooms)| rooms.contains(&module));
    found.unwrap_or_else(|| panic!("src/{module} stands on no floor; add it to FLOORS"))
}

/// The imports between files: who, whom, and the first line that says so.
fn imports() -> BTreeMap<(usize, usize), usize> {
    let mut imports = BTreeMap::new();
    for (at, file) in SOURCE.files.iter().enumerate() {
        for mention in &file.mentions {
            if let Some(target) = SOURCE.definer(&mention.path).filter(|target| *target != at) {
                imports.entry((at, target)).or_insert(mention.line);
            }
        }
    }
    imports
}

/// Fails with everything that breaks `rule`.
#[track_caller]
fn hold(rule: &str, broken: &BTreeSet<String>) {
    assert!(
        broken.is_empty(),
        "{rule}\n  {}",
        broken.iter().cloned().collect::<Vec<_>>().join("\n  ")
    );
}

#[test]
fn imports_point_down() {
    let mut broken = BTreeSet::new();
    for ((from, to), line) in imports() {
        let (from, to) = (&SOURCE.files[from], &SOURCE.files[to]);
        if top(from).is_empty() || top(to).is_empty() {
            continue;
        }
        let (low, high) = (floor(top(from)), floor(top(to)));
        if high > low {
            broken.insert(format!(
                "{}:{line}: imports {}; {} stands on the floor \"{}\", below \"{}\"",
                from.name,
                to.name,
                top(from),
                FLOORS[low].0,
                FLOORS[high].0
            ));
        }
    }
    hold("a file imports from its own floor or from below", &broken);
}

#[test]
fn nothing_outside_http_knows_axum() {
    let http = ["axum", "http", "hyper", "hyper_util", "tower", "tower_http"];
    forbid(
        "only http/ knows axum, hyper and tower",
        |file| top(file) != "http",
        |path| http.contains(&path[0].as_str()),
    );
}

#[test]
fn plugins_are_named_in_one_file() {
    forbid(
        "plugins.rs alone names the plugins of this build",
        |file| file.name != "src/plugins.rs",
        |path| path[0].starts_with("panda_oidc_") && path[0] != "panda_oidc_sdk",
    );
}

#[test]
fn pure_rooms_read_no_clock_and_no_chance() {
    const CLOCKS_AND_CHANCE: &[&str] = &[
        "Clock",
        "Instant",
        "Local",
        "RandomState",
        "SystemClock",
        "SystemTime",
        "sleep",
    ];
    forbid(
        "a rule is handed the time and its randomness",
        is_pure,
        |path| {
            path[0] == "tokio"
                || path.ends_with(&["rand".to_owned(), "rng".to_owned()])
                || path.ends_with(&["Utc".to_owned(), "now".to_owned()])
                || path
                    .iter()
                    .any(|part| CLOCKS_AND_CHANCE.contains(&part.as_str()))
        },
    );
}

#[test]
fn pure_rooms_never_wait() {
    let mut broken = BTreeSet::new();
    for file in &SOURCE.files {
        if is_pure(file) {
            let lines = file.asynchronous.iter();
            broken.extend(lines.map(|line| format!("{}:{line}", file.name)));
        }
    }
    hold("a rule waits for nothing: no async, no await", &broken);
}

#[test]
fn sql_stays_in_the_store() {
    const VERBS: &[&str] = &[
        "SELECT ",
        "INSERT INTO ",
        "UPDATE ",
        "DELETE FROM ",
        "CREATE TABLE ",
        "PRAGMA ",
    ];
    let mut broken = BTreeSet::new();
    for file in SOURCE.files.iter().filter(|file| top(file) != "store") {
        for (text, line) in &file.texts {
            let text = text.trim_start_matches(['"', 'r', '#', ' ', '\n']);
            if VERBS.iter().any(|verb| text.starts_with(verb)) {
                broken.insert(format!("{}:{line}", file.name));
            }
        }
    }
    hold("SQL stands in store/ alone", &broken);
    forbid(
        "store/ alone knows the database driver",
        |file| top(file) != "store",
        |path| path[0] == "rusqlite",
    );
}

/// Fails when a file that `concerns` names a path that is `forbidden`.
#[track_caller]
fn forbid(
    says: &str,
    concerns: impl Fn(&SourceFile) -> bool,
    forbidden: impl Fn(&[String]) -> bool,
) {
    let mut broken = BTreeSet::new();
    for file in SOURCE.files.iter().filter(|file| concerns(file)) {
        for mention in &file.mentions {
            if let Some(path) = mention.external().filter(|path| forbidden(path)) {
                let path = path.join("::");
                broken.insert(format!("{}:{}: {path}", file.name, mention.line));
            }
        }
    }
    hold(says, &broken);
}

#[test]
fn no_modules_import_each_other() {
    let mut graph = DiGraphMap::<&str, ()>::new();
    for (from, to) in imports().into_keys() {
        let (from, to) = (top(&SOURCE.files[from]), top(&SOURCE.files[to]));
        if from != to && !from.is_empty() && !to.is_empty() {
            graph.add_edge(from, to, ());
        }
    }
    let circles = tarjan_scc(&graph).into_iter();
    let circles = circles.filter(|circle| circle.len() > 1);
    hold(
        "modules at the top of src/ import each other in no circle",
        &circles.map(|circle| circle.join(", ")).collect(),
    );
}

#[test]
fn no_files_import_each_other() {
    let imports = imports();
    let graph: DiGraphMap<usize, ()> = imports.keys().map(|(from, to)| (*from, *to, ())).collect();
    let mut circles = BTreeSet::new();
    for circle in tarjan_scc(&graph).iter().filter(|circle| circle.len() > 1) {
        let mut text = String::new();
        for ((from, to), line) in &imports {
            if circle.contains(from) && circle.contains(to) {
                let (from, to) = (&SOURCE.files[*from].name, &SOURCE.files[*to].name);
                write!(text, "\n    {from}:{line} -> {to}").unwrap();
            }
        }
        circles.insert(format!("{} files:{text}", circle.len()));
    }
    hold("files import each other in no circle", &circles);
}
