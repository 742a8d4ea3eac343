//! A start that must fail, and its error message.

use std::process::Command;

use crate::support::program::{BINARY, Program};

/// Starts `program`, which must exit with code 1 and one error. Returns that error.
pub async fn refused(program: &mut Program) -> String {
    refused_by(program, &mut Command::new(BINARY)).await
}

/// As [`refused`], started with `command`.
pub async fn refused_by(program: &mut Program, command: &mut Command) -> String {
    let before = program.log().len();
    program.spawn_by(command);
    let status = program.end().await;
    let log = program.log();
    let log = &log[before..];
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(!log.contains("panicked"), "{log}");
    let errors: Vec<_> = log
        .lines()
        .filter_map(|line| line.strip_prefix("error: "))
        .collect();
    assert_eq!(errors.len(), 1, "{log}");
    errors[0].to_owned()
}
