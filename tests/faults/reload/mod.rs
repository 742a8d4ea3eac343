//! The configuration is changed while the provider runs. What can be used counts from the next request on;
//! what cannot be used changes nothing and is reported.

mod clients;
mod load;
mod refused;
mod settings;

use std::fs;
use std::process::Command;

use panda_oidc_panda::simulator::SimulatorHandle;
use reqwest::Method;

use crate::support::app::RelyingParty;
use crate::support::browser::{Answer, Browser};
use crate::support::program::{CLIENT_SECRET, Program, REDIRECT_URI};
use crate::support::{CHEN_TAO, until};
use crate::tools::portal;

const TOKEN: &str = "reload-token-0123456789abcdef0123456789";

/// A token that may reload, and one that may not.
fn admin_tokens() -> String {
    format!(
        "[[admin.tokens]]\nname = 'ops'\ntoken = '{TOKEN}'\nscopes = ['reload']\n\
         [[admin.tokens]]\nname = 'hr'\ntoken = 'scim-{TOKEN}'\nscopes = ['scim']\n"
    )
}

/// The keys of a client.
fn keys_of(client_id: &str) -> String {
    format!(
        "client_id = '{client_id}'\nclient_secret = '{CLIENT_SECRET}'\n\
         redirect_uris = ['{REDIRECT_URI}']\ninitiate_login_uri = 'http://127.0.0.1:9/login'\n\
         refresh_token = 'always'\n"
    )
}

fn section_of(client_id: &str) -> String {
    format!("[[clients]]\n{}", keys_of(client_id))
}

fn client(program: &Program, client_id: &str) -> RelyingParty {
    RelyingParty {
        client_id: client_id.to_owned(),
        ..program.client()
    }
}

async fn start(more: &str) -> (SimulatorHandle, Program) {
    let portal = portal().await;
    let more = format!("{more}\n{}", admin_tokens());
    let program = Program::start(portal.url().as_str(), &more).await;
    (portal, program)
}

/// Replaces `from` in the configuration. An empty `from` is the end.
fn edit(program: &Program, from: &str, to: &str) {
    let toml = fs::read_to_string(program.config_file()).unwrap();
    assert!(toml.contains(from), "{from}");
    let toml = if from.is_empty() {
        toml + to
    } else {
        toml.replace(from, to)
    };
    fs::write(program.config_file(), toml).unwrap();
}

/// Writes `line` before everything else.
fn edit_top(program: &Program, line: &str) {
    let toml = fs::read_to_string(program.config_file()).unwrap();
    fs::write(program.config_file(), format!("{line}\n{toml}")).unwrap();
}

fn hang_up(program: &Program) {
    let kill = Command::new("kill")
        .args(["-HUP", &program.pid().to_string()])
        .status();
    assert!(kill.unwrap().success());
}

/// Sends SIGHUP and waits for a line with `expected`.
async fn hang_up_until(program: &Program, expected: &str) {
    hang_up(program);
    until_logged(program, expected).await;
}

/// Waits for a line with `expected` in the log file, which may not have debug lines.
async fn until_logged(program: &Program, expected: &str) {
    until(expected, async || logged(program).contains(expected)).await;
}

fn logged(program: &Program) -> String {
    fs::read_to_string(program.folder().join("log")).unwrap()
}

async fn post_reload(program: &Program, token: Option<&str>) -> Answer {
    let url = format!("{}/reload", program.admin);
    let with_token = |request: reqwest::RequestBuilder| match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    Browser::new().send(Method::POST, url, with_token).await
}

async fn launch(program: &Program, portal: &SimulatorHandle, client_id: &str) -> Answer {
    let ticket = portal.issue_ticket(CHEN_TAO);
    let url = program.at(&format!("/launch/{client_id}?ticket={ticket}"));
    Browser::new().get(url).await
}
