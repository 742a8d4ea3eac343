//! A login as Grafana's generic OAuth does it (`tests/interop/go/grafana`), with the `grafana` preset.
//!
//! Grafana refuses a user without an email address. The portal has none, so the preset makes one up.

use std::process::Command;

use panda_oidc_panda::simulator::SimulatorHandle;
use serde_json::{Value, json};

use crate::process::Processes;
use crate::support::browser::{Answer, Browser};
use crate::support::program::{Program, free_port};
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{go_client, portal};

const SECRET: &str = "grafana-secret-0123456789";

/// `role_attribute_path`, as in the documentation of Grafana.
const ROLE: &str = "contains(groups[*], 'dispatch') && 'Editor' || 'Viewer'";

/// A claim rule decides the groups, so that one user has groups and the other has none.
const GROUPS: &str = "groups = \"{{ ['dispatch', '调度'] if user.id == '1' else [] }}\"";

struct Stage {
    portal: SimulatorHandle,
    program: Program,
    _grafana: Processes,
}

impl Stage {
    async fn start(lines: &str, flags: &[&str]) -> Self {
        let portal = portal().await;
        let address = format!("127.0.0.1:{}", free_port());
        let client = format!(
            "[[clients]]\n\
             client_id = 'grafana'\n\
             client_secret = '{SECRET}'\n\
             redirect_uris = ['http://{address}/callback']\n\
             initiate_login_uri = 'http://{address}/login'\n\
             {lines}\n"
        );
        let program = Program::start(portal.url().as_str(), &client).await;
        let mut command = Command::new(go_client("grafana"));
        command
            .args(["-issuer", &program.issuer, "-client", "grafana"])
            .args(["-listen", &address, "-role", ROLE])
            .args(flags)
            .env("CLIENT_SECRET", SECRET);
        let mut grafana = Processes::start(&mut command, tempfile::tempdir().unwrap().keep());
        let ready = format!("http://{address}/ready");
        grafana.until_ready(|_| Some(ready.clone())).await;
        Self {
            portal,
            program,
            _grafana: grafana,
        }
    }

    /// Clicks the entry in the menu of the portal. Returns the last response of Grafana.
    async fn click(&self, user: u64) -> Answer {
        let ticket = self.portal.issue_ticket(user);
        let entry = self.program.at(&format!("/launch/grafana?ticket={ticket}"));
        Browser::new().follow(entry).await.pop().unwrap()
    }

    #[track_caller]
    fn account(response: &Answer) -> Value {
        assert_eq!(response.status, 200, "{}", response.body);
        response.json()
    }
}

fn preset() -> String {
    format!("preset = 'grafana'\n[clients.claims]\n{GROUPS}")
}

#[tokio::test]
async fn an_account_has_the_fields_grafana_needs_and_its_role_from_a_group() {
    let stage = Stage::start(&preset(), &[]).await;
    let account = Stage::account(&stage.click(CHEN_TAO).await);
    assert_eq!(
        account,
        json!({
            "id": "1", "login": "1", "name": "陈涛", "email": "1@panda.invalid", "role": "Editor",
            "groups": ["dispatch", "调度"], "sources": ["id_token", "userinfo"], "listed": 0,
        })
    );
    let account = Stage::account(&stage.click(HEI_LONG_JIANG).await);
    assert_eq!(account["role"], "Viewer");
    assert_eq!(account["groups"], json!([]), "a list though it is empty");
    assert_eq!(account["email"], "2@panda.invalid");
}

#[tokio::test]
async fn f18_the_list_of_emails_is_enough_if_no_token_has_an_email() {
    let stage = Stage::start(&preset(), &["-emails"]).await;
    let account = Stage::account(&stage.click(CHEN_TAO).await);
    assert_eq!(account["email"], "1@panda.invalid");
    assert_eq!(account["listed"], 1);
}

#[tokio::test]
async fn f18_without_an_email_grafana_refuses_and_without_the_scope_it_says_why() {
    let stage = Stage::start("", &["-role", ""]).await;
    let response = stage.click(CHEN_TAO).await;
    assert_eq!(response.status, 502);
    assert!(
        response.body.contains("auth.oauth.email.missing"),
        "{}",
        response.body
    );

    let stage = Stage::start(&preset(), &["-scopes", "openid profile"]).await;
    let response = stage.click(CHEN_TAO).await;
    assert_eq!(response.status, 502);
    assert!(response.body.contains("403"), "{}", response.body);
}
