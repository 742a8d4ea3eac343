//! What an operator does at a prompt, beside the running program.

use std::process::Command;

use crate::support::program::{BINARY, Program};

/// Runs `panda-oidc …` over the program's configuration, and gives what it said: it has to end well.
///
/// The portal goes on in this process meanwhile.
pub async fn operate(program: &Program, arguments: &[&str]) -> String {
    let mut command = Command::new(BINARY);
    command
        .args(arguments)
        .arg("--config")
        .arg(program.config_file())
        .env_remove("RUST_LOG");
    let running = tokio::task::spawn_blocking(move || command.output());
    let output = running.await.unwrap().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
