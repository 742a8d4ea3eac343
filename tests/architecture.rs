//! The rules for `src/`: which module may import which, and what each module may do.
//!
//! `docs/architecture.md` describes the layers, called floors. A file imports from its own floor and
//! from the floors below, never from above and never in a cycle. A failure names the file, the line
//! and the rule.

#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test that cannot continue has failed"
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

/// The top-level modules of `src/`, floor by floor, lowest floor first.
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

/// The parsed source, shared by all tests.
static SOURCE: LazyLock<Source> =
    LazyLock::new(|| Source::read(Path::new(env!("CARGO_MANIFEST_DIR"))));

/// Whether a file must be pure: the same arguments always give the same result.
fn is_pure(file: &SourceFile) -> bool {
    !top(file).is_empty() && FLOORS[floor(top(file))].0 == "rules"
}

/// The top-level module of a file; empty for `lib.rs` and `main.rs`.
fn top(file: &SourceFile) -> &str {
    file.module.first().map_or("", String::as_str)
}

/// The index in [`FLOORS`] of a top-level module.
fn floor(module: &str) -> usize {
    let found = FLOORS
        .iter()
        .position(|(_, modules)| modules.contains(&module));
    found.unwrap_or_else(|| panic!("src/{module} stands on no floor; add it to FLOORS"))
}

/// The imports between files: (importing file, imported file), with the first line that names it.
fn imports() -> BTreeMap<(usize, usize), usize> {
    let mut imports = BTreeMap::new();
    for (index, file) in SOURCE.files.iter().enumerate() {
        for mention in &file.mentions {
            if let Some(target) = SOURCE
                .defining_file(&mention.path)
                .filter(|target| *target != index)
            {
                imports.entry((index, target)).or_insert(mention.line);
            }
        }
    }
    imports
}

/// Fails if something breaks `rule`, and lists all of it.
#[track_caller]
fn assert_rule(rule: &str, violations: &BTreeSet<String>) {
    assert!(
        violations.is_empty(),
        "{rule}\n  {}",
        violations.iter().cloned().collect::<Vec<_>>().join("\n  ")
    );
}

#[test]
fn imports_point_down() {
    let mut violations = BTreeSet::new();
    for ((from, to), line) in imports() {
        let (from, to) = (&SOURCE.files[from], &SOURCE.files[to]);
        if top(from).is_empty() || top(to).is_empty() {
            continue;
        }
        let (low, high) = (floor(top(from)), floor(top(to)));
        if high > low {
            violations.insert(format!(
                "{}:{line}: imports {}; {} stands on the floor \"{}\", below \"{}\"",
                from.name,
                to.name,
                top(from),
                FLOORS[low].0,
                FLOORS[high].0
            ));
        }
    }
    assert_rule(
        "a file imports from its own floor or from below",
        &violations,
    );
}

#[test]
fn only_http_uses_axum() {
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
fn pure_modules_use_no_clock_and_no_randomness() {
    const CLOCKS_AND_RANDOMNESS: &[&str] = &[
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
                    .any(|part| CLOCKS_AND_RANDOMNESS.contains(&part.as_str()))
        },
    );
}

#[test]
fn pure_modules_are_not_async() {
    let mut violations = BTreeSet::new();
    for file in &SOURCE.files {
        if is_pure(file) {
            let lines = file.asynchronous.iter();
            violations.extend(lines.map(|line| format!("{}:{line}", file.name)));
        }
    }
    assert_rule("a rule waits for nothing: no async, no await", &violations);
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
    let mut violations = BTreeSet::new();
    for file in SOURCE.files.iter().filter(|file| top(file) != "store") {
        for (text, line) in &file.literals {
            let text = text.trim_start_matches(['"', 'r', '#', ' ', '\n']);
            if VERBS.iter().any(|verb| text.starts_with(verb)) {
                violations.insert(format!("{}:{line}", file.name));
            }
        }
    }
    assert_rule("SQL stands in store/ alone", &violations);
    forbid(
        "store/ alone knows the database driver",
        |file| top(file) != "store",
        |path| path[0] == "rusqlite",
    );
}

/// Fails if a file for which `applies` holds names an external path that is `forbidden`.
#[track_caller]
fn forbid(
    rule: &str,
    applies: impl Fn(&SourceFile) -> bool,
    forbidden: impl Fn(&[String]) -> bool,
) {
    let mut violations = BTreeSet::new();
    for file in SOURCE.files.iter().filter(|file| applies(file)) {
        for mention in &file.mentions {
            if let Some(path) = mention.external().filter(|path| forbidden(path)) {
                let path = path.join("::");
                violations.insert(format!("{}:{}: {path}", file.name, mention.line));
            }
        }
    }
    assert_rule(rule, &violations);
}

#[test]
fn modules_have_no_import_cycle() {
    let mut graph = DiGraphMap::<&str, ()>::new();
    for (from, to) in imports().into_keys() {
        let (from, to) = (top(&SOURCE.files[from]), top(&SOURCE.files[to]));
        if from != to && !from.is_empty() && !to.is_empty() {
            graph.add_edge(from, to, ());
        }
    }
    let cycles = tarjan_scc(&graph).into_iter();
    let cycles = cycles.filter(|cycle| cycle.len() > 1);
    assert_rule(
        "modules at the top of src/ import each other in no circle",
        &cycles.map(|cycle| cycle.join(", ")).collect(),
    );
}

#[test]
fn files_have_no_import_cycle() {
    let imports = imports();
    let graph: DiGraphMap<usize, ()> = imports.keys().map(|(from, to)| (*from, *to, ())).collect();
    let mut cycles = BTreeSet::new();
    for cycle in tarjan_scc(&graph).iter().filter(|cycle| cycle.len() > 1) {
        let mut text = String::new();
        for ((from, to), line) in &imports {
            if cycle.contains(from) && cycle.contains(to) {
                let (from, to) = (&SOURCE.files[*from].name, &SOURCE.files[*to].name);
                write!(text, "\n    {from}:{line} -> {to}").unwrap();
            }
        }
        cycles.insert(format!("{} files:{text}", cycle.len()));
    }
    assert_rule("files import each other in no circle", &cycles);
}
