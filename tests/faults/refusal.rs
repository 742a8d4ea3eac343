//! A start that has to fail, and what it says.

use std::process::Command;

use crate::support::program::{BINARY, Program};

/// Starts `program`, which has to end by itself with exit code 1; gives the one sentence it says.
pub async fn refused(program: &mut Program) -> String {
    refused_by(program, &mut Command::new(BINARY)).await
}

/// As [`refused`], started by `command`.
pub async fn refused_by(program: &mut Program, command: &mut Command) -> String {
    let before = program.log().len();
    program.spawn_by(command);
    let status = program.end().await;
    let log = program.log();
    let log = &log[before..];
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(!log.contains("panicked"), "{log}");
    let told: Vec<_> = log
        .lines()
        .filter_map(|line| line.strip_prefix("error: "))
        .collect();
    assert_eq!(told.len(), 1, "{log}");
    told[0].to_owned()
}
