//! What these tests share: a program with a portal, and the commands an operator runs.

use std::process::{Command, Output};
use std::time::Duration;

use panda_oidc_panda::simulator::{Person, Simulator, SimulatorHandle, SimulatorSettings};
use serde_json::Value;

use crate::support::app::RelyingParty;
use crate::support::browser::{Answer, Browser};
use crate::support::listener::Listener;
use crate::support::program::{BINARY, Program};

/// The client `backend`, which exchanges tickets.
const BACKEND: &str = "[[clients]]\nclient_id = 'backend'\nclient_secret = 'backend-secret-0123456789'\n\
    grant_types = ['urn:ietf:params:oauth:grant-type:token-exchange']\n\
    subject_token_types = ['urn:panda-oidc:token-type:ticket']\n";

/// A program that synchronizes a portal's list of users.
pub struct DirectoryFixture {
    pub portal: SimulatorHandle,
    pub program: Program,
    /// The app's back-channel logout endpoint.
    pub app: Listener,
}

impl DirectoryFixture {
    /// Starts a program that synchronizes only on command.
    pub async fn open() -> Self {
        Self::open_with("sync = 'off'").await
    }

    /// Starts a program with these lines of `[directory]`.
    pub async fn open_with(directory: &str) -> Self {
        let settings = SimulatorSettings::default();
        let portal = Simulator::start(settings).await.unwrap();
        for id in 4..=60 {
            portal.add_user(Person::new(id, format!("用户{id}"), ""));
        }
        let app = Listener::open().await;
        let more = format!(
            "{}refresh_token = 'always'\n[directory]\n{directory}\n{BACKEND}",
            app.registration_line()
        );
        let program = Program::start(portal.url().as_str(), &more).await;
        Self {
            portal,
            program,
            app,
        }
    }

    /// Launches the app as `user`, as a click in the portal does.
    pub async fn click(&self, browser: &mut Browser, user: u64) -> Answer {
        let ticket = self.portal.issue_ticket(user);
        let url = self.program.at(&format!("/launch/app?ticket={ticket}"));
        browser.get(url).await
    }

    /// A browser in which `user` is signed in, and the token response the app got.
    pub async fn signed_in(&self, user: u64) -> (Browser, Value) {
        let mut browser = Browser::new();
        let answer = self.click(&mut browser, user).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let app = self.program.client();
        let tokens = app.redeem(&app.login(&mut browser).await).await;
        assert_eq!(tokens.status, 200, "{}", tokens.body);
        (browser, tokens.json())
    }

    /// Whether the session in `browser` is still valid.
    pub async fn is_signed_in(&self, browser: &mut Browser) -> bool {
        let url = self.program.client().authorize_url(&[("prompt", "none")]);
        let answer = browser.get(url).await;
        answer.parameter("code").is_some()
    }

    /// Exchanges `ticket` for tokens as the client `backend`.
    pub async fn exchange(&self, ticket: &str) -> Answer {
        let backend = RelyingParty {
            client_id: "backend".to_owned(),
            client_secret: Some("backend-secret-0123456789".to_owned()),
            ..self.program.client()
        };
        let form = [
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ),
            ("subject_token", ticket),
            ("subject_token_type", "urn:panda-oidc:token-type:ticket"),
        ];
        backend.token(&form).await
    }

    /// Runs `panda-oidc users …` to its end.
    pub async fn users(&self, arguments: &[&str]) -> Output {
        run(self.command(arguments)).await
    }

    /// The command `panda-oidc users …`, not started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        let config = self.program.config_file();
        command
            .arg("users")
            .args(arguments)
            .arg("--config")
            .arg(config);
        command
    }

    /// Runs `users sync`, and returns its exit code and report.
    pub async fn sync(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.users(&[&["sync", "--json"], arguments].concat()).await;
        let out = String::from_utf8(output.stdout).unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        let report = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out} {err}"));
        (output.status.code().unwrap(), report)
    }

    /// The users the program knows: id and state.
    pub async fn list(&self) -> Vec<(String, String)> {
        let output = self.users(&["list", "--json"]).await;
        assert!(output.status.success(), "{output:?}");
        let lines = String::from_utf8(output.stdout).unwrap();
        let lines = lines.lines().map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| line[key].as_str().unwrap().to_owned();
            (text("id"), text("state"))
        });
        lines.collect()
    }

    /// The number of users in `state`.
    pub async fn count(&self, state: &str) -> usize {
        self.list()
            .await
            .iter()
            .filter(|(_, is)| is == state)
            .count()
    }

    /// Runs `panda-oidc check` to its end.
    pub async fn check(&self) -> Output {
        let mut command = Command::new(BINARY);
        command.arg("check").arg("--config");
        command.arg(self.program.config_file());
        run(command).await
    }

    /// The response of `/metrics`.
    pub async fn metrics(&self) -> String {
        let url = format!("{}/metrics", self.program.admin);
        Browser::new().get(url).await.body
    }

    /// Ends the lease of a killed sync, so that a test need not wait until it expires.
    pub fn end_lease(&self) {
        self.sql("UPDATE directory SET leased_until = 0");
    }

    /// Changes the database by hand.
    pub fn sql(&self, statement: &str) {
        let database = self.program.data().join("panda-oidc.db");
        let sql = rusqlite::Connection::open(database).unwrap();
        sql.busy_timeout(Duration::from_secs(10)).unwrap();
        sql.execute(statement, []).unwrap();
    }

    /// The output of `users history` for the user `id`.
    pub async fn history(&self, id: &str) -> Value {
        let output = self.users(&["history", id, "--json"]).await;
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// Runs a command to its end without blocking the portal in this process.
async fn run(mut command: Command) -> Output {
    let running = tokio::task::spawn_blocking(move || command.output());
    running.await.unwrap().unwrap()
}
