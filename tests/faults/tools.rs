//! What these tests share: a healthy portal, a whole login, and waiting for a condition.

use std::process::Command;

use panda_oidc_panda::simulator::{Simulator, SimulatorHandle, SimulatorSettings};
use serde_json::Value;

use crate::support::CHEN_TAO;
use crate::support::browser::{Answer, Browser};
use crate::support::program::{BINARY, Program};
pub use crate::support::until;

/// A healthy portal.
pub async fn portal() -> SimulatorHandle {
    Simulator::start(SimulatorSettings::default())
        .await
        .unwrap()
}

/// Launches the program's app with `ticket`.
pub async fn launch(program: &Program, browser: &mut Browser, ticket: &str) -> Answer {
    browser.get(launch_url(program, ticket)).await
}

/// The URL that a click in the portal opens.
pub fn launch_url(program: &Program, ticket: &str) -> String {
    program.at(&format!("/launch/app?ticket={ticket}"))
}

/// A browser in which Chen Tao is signed in.
pub async fn signed_in(program: &Program, portal: &SimulatorHandle) -> Browser {
    let mut browser = Browser::new();
    let answer = launch(program, &mut browser, &portal.issue_ticket(CHEN_TAO)).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    browser
}

/// Logs in to the app with the session in `browser`, and returns the token response.
pub async fn tokens(program: &Program, browser: &mut Browser) -> Value {
    let app = program.client();
    let answer = app.redeem(&app.login(browser).await).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// Runs `check` for the program's configuration with these variables of the environment. Returns whether it
/// succeeded, and all that it printed, which must not hold the secret `hunter2`.
pub fn check_without_secrets(program: &Program, variables: &[(&str, &str)]) -> (bool, String) {
    let output = Command::new(BINARY)
        .args(["check", "--config"])
        .arg(program.config_file())
        .envs(variables.iter().copied())
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    let text =
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    (output.status.success(), text)
}
