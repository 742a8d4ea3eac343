//! The commands that an operator runs beside the running program.

use std::process::Command;

use crate::support::program::{BINARY, Program};

/// Runs `panda-oidc …` with the configuration of the program, and returns its standard output. The
/// command must succeed.
///
/// The command runs on another thread, because the portal runs in this process.
pub async fn run_cli(program: &Program, arguments: &[&str]) -> String {
    let mut command = Command::new(BINARY);
    command
        .args(arguments)
        .arg("--config")
        .arg(program.config_file())
        .env_remove("RUST_LOG");
    let task = tokio::task::spawn_blocking(move || command.output());
    let output = task.await.unwrap().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
