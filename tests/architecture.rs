//! The rules for `src/`: which module may import which, and what each module may do.
//!
//! `docs/architecture.md` describes the floors. A file imports from its own floor and
//! from the floors below, never from above and never in a cycle. A failure names the file, the line
//! and the rule.

#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test that cannot continue has failed"
)]

#[path = "architecture/length.rs"]
mod length;
#[path = "architecture/purity.rs"]
mod purity;
#[path = "architecture/source.rs"]
mod source;
#[path = "architecture/sql.rs"]
mod sql;

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
            "past",
            "keys",
            "plugins",
            "private_dir",
            "problem",
        ],
    ),
    (
        "rules",
        &[
            "admin",
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
    ("entry points", &["http", "jobs"]),
    ("command line", &["cli"]),
];

/// The parsed source, shared by all tests.
static SOURCE: LazyLock<Source> =
    LazyLock::new(|| Source::read(Path::new(env!("CARGO_MANIFEST_DIR"))));

/// The top-level module of a file; empty for `lib.rs` and `main.rs`.
fn top(file: &SourceFile) -> &str {
    file.module.first().map_or("", String::as_str)
}

/// The index in [`FLOORS`] of a top-level module.
fn floor(module: &str) -> usize {
    let found = FLOORS
        .iter()
        .position(|(_, modules)| modules.contains(&module));
    found.unwrap_or_else(|| panic!("FLOORS does not list src/{module}; add it"))
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
                "{}:{line}: imports {}, but {} is below {}",
                from.name, to.name, FLOORS[low].0, FLOORS[high].0
            ));
        }
    }
    assert_rule(
        "A file may import only from its own floor and from the floors below it.",
        &violations,
    );
}

#[test]
fn only_http_uses_axum() {
    let http = ["axum", "http", "hyper", "hyper_util", "tower", "tower_http"];
    forbid(
        "Only http/ may use axum, hyper and tower.",
        |file| top(file) != "http",
        |path| http.contains(&path[0].as_str()),
    );
}

#[test]
fn plugins_are_named_in_one_file() {
    forbid(
        "Only plugins.rs may name the plugins of this build.",
        |file| file.name != "src/plugins.rs",
        |path| path[0].starts_with("panda_oidc_") && path[0] != "panda_oidc_sdk",
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
        "The top-level modules of src/ must not import each other in a cycle.",
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
    assert_rule("Files must not import each other in a cycle.", &cycles);
}
