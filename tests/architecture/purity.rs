//! What the rules may not do: the same arguments must always give the same result, and nothing else
//! must happen.

use std::collections::BTreeSet;

use super::source::SourceFile;
use super::{FLOORS, SOURCE, assert_rule, floor, forbid, top};

/// Whether a file is on the floor of the rules.
fn is_pure(file: &SourceFile) -> bool {
    !top(file).is_empty() && FLOORS[floor(top(file))].0 == "rules"
}

/// Whether `path` begins with one of `prefixes`.
fn begins_with(path: &[String], prefixes: &[&str]) -> bool {
    let path = path.join("::") + "::";
    prefixes
        .iter()
        .any(|prefix| path.starts_with(&format!("{prefix}::")))
}

/// Whether one part of `path` is one of `names`.
fn contains(path: &[String], names: &[&str]) -> bool {
    path.iter().any(|part| names.contains(&part.as_str()))
}

#[test]
fn rules_are_given_the_time() {
    const CLOCKS: &[&str] = &[
        "Clock",
        "Instant",
        "Local",
        "SystemClock",
        "SystemTime",
        "sleep",
    ];
    forbid(
        "A rule must not read a clock or wait; the time is an argument.",
        is_pure,
        |path| {
            contains(path, CLOCKS)
                || path.ends_with(&["Utc".to_owned(), "now".to_owned()])
                || begins_with(path, &["tokio", "std::thread"])
        },
    );
}

#[test]
fn rules_are_given_their_randomness() {
    // The traits of generators that are arguments.
    const GENERATOR_TRAITS: &[&str] = &["CryptoRng", "Rng", "RngCore", "RngExt", "TryRng"];
    forbid(
        "A rule must not make randomness; the generator is an argument.",
        is_pure,
        |path| {
            begins_with(path, &["getrandom", "fastrand", "aws_lc_rs::rand"])
                || contains(path, &["RandomState", "OsRng", "SysRng", "SystemRandom"])
                || (path[0] == "rand" && !contains(path, GENERATOR_TRAITS))
        },
    );
}

#[test]
fn rules_open_nothing() {
    const OUTSIDE: &[&str] = &[
        "std::env",
        "std::fs",
        "std::io::stderr",
        "std::io::stdin",
        "std::io::stdout",
        "std::os",
        "std::process",
    ];
    const SOCKETS: &[&str] = &["TcpListener", "TcpStream", "ToSocketAddrs", "UdpSocket"];
    forbid(
        "A rule must not use files, the network, the environment or processes.",
        is_pure,
        |path| begins_with(path, OUTSIDE) || contains(path, SOCKETS),
    );
}

#[test]
fn rules_look_at_no_file() {
    // Methods of `Path`.
    const READS_DISK: &[&str] = &[
        "canonicalize",
        "exists",
        "is_dir",
        "is_file",
        "is_symlink",
        "metadata",
        "read_dir",
        "read_link",
        "symlink_metadata",
        "try_exists",
    ];
    let mut violations = BTreeSet::new();
    for file in SOURCE.files.iter().filter(|file| is_pure(file)) {
        for (name, line) in &file.methods {
            if READS_DISK.contains(&name.as_str()) {
                violations.insert(format!("{}:{line}: {name}", file.name));
            }
        }
    }
    assert_rule("A rule must not look at files.", &violations);
}

#[test]
fn rules_write_no_log() {
    forbid(
        "A rule must not log; it returns what there is to log.",
        is_pure,
        |path| begins_with(path, &["tracing", "log"]),
    );
}

#[test]
fn rules_print_nothing() {
    const PRINTS: &[&str] = &["dbg", "eprint", "eprintln", "print", "println"];
    let mut violations = BTreeSet::new();
    for file in SOURCE.files.iter().filter(|file| is_pure(file)) {
        for (name, line) in &file.macros {
            if PRINTS.contains(&name.as_str()) {
                violations.insert(format!("{}:{line}: {name}!", file.name));
            }
        }
    }
    assert_rule("A rule must not print.", &violations);
}

#[test]
fn rules_remember_nothing() {
    forbid(
        "A rule must not keep state that threads share.",
        is_pure,
        |path| {
            let is_shared = |part: &String| {
                part.starts_with("Atomic") || ["Mutex", "OnceLock", "RwLock"].contains(&&**part)
            };
            path.iter().any(is_shared)
        },
    );
}

#[test]
fn rules_are_not_async() {
    let mut violations = BTreeSet::new();
    for file in SOURCE.files.iter().filter(|file| is_pure(file)) {
        let lines = file.asynchronous.iter();
        violations.extend(lines.map(|line| format!("{}:{line}", file.name)));
    }
    assert_rule("A rule must not be async and must not await.", &violations);
}
