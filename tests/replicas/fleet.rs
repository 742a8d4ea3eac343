//! Processes over one database.

use std::process::Command;
use std::sync::Arc;

use panda_oidc_panda::simulator::{Simulator, SimulatorHandle, SimulatorSettings};
use serde_json::Value;

use crate::support::CHEN_TAO;
use crate::support::app::RelyingParty;
use crate::support::browser::{Answer, Browser};
use crate::support::postgresql::{PostgresServer, Version};
use crate::support::program::{BINARY, Program};

/// The database of the processes.
pub const DATABASE: &str = "panda";

/// A database, a portal, and processes that share them.
pub struct Fleet {
    pub server: PostgresServer,
    pub portal: Arc<SimulatorHandle>,
    pub programs: Vec<Program>,
}

impl Fleet {
    /// Starts `count` processes. `more` as in [`Program::start`].
    pub async fn start(count: usize, more: &str) -> Self {
        let mut fleet = Self::prepare(count, more).await;
        for number in 0..count {
            fleet.start_program(number).await;
        }
        fleet
    }

    /// The database, the portal and the configuration of [`Fleet::start`], without starting the processes.
    pub async fn prepare(count: usize, more: &str) -> Self {
        let server = PostgresServer::start(Version::Debian);
        server.sql("postgres", &format!("CREATE DATABASE {DATABASE}"));
        let portal = Simulator::start(SimulatorSettings::default())
            .await
            .unwrap();
        let first = Program::prepare(portal.url().as_str(), "", more);
        let twins: Vec<Program> = (1..count).map(|_| first.twin()).collect();
        Self {
            server,
            portal: Arc::new(portal),
            programs: [first].into_iter().chain(twins).collect(),
        }
    }

    /// Starts or restarts a process, and waits until it is ready.
    pub async fn start_program(&mut self, number: usize) {
        self.spawn(number, &[]);
        self.programs[number].until_ready().await;
    }

    /// Starts a process with `variables` of the environment, without waiting for it.
    pub fn spawn(&mut self, number: usize, variables: &[(&str, &str)]) {
        let mut command = Command::new(BINARY);
        command
            .envs(self.variables())
            .envs(variables.iter().copied());
        self.programs[number].kill();
        self.programs[number].spawn_by(&mut command);
    }

    /// The variables that select the database.
    pub fn variables(&self) -> [(&'static str, String); 2] {
        [
            ("PANDA_OIDC__STORE__KIND", "postgres".to_owned()),
            ("PANDA_OIDC__STORE__URL", self.server.url(DATABASE)),
        ]
    }

    /// The app, which reaches the provider through this process.
    pub fn app(&self, number: usize) -> RelyingParty {
        self.programs[number].client()
    }

    /// Opens the app from the portal through a process, with `ticket`.
    pub async fn launch(&self, number: usize, browser: &mut Browser, ticket: &str) -> Answer {
        let url = self.programs[number].at(&format!("/launch/app?ticket={ticket}"));
        browser.get(url).await
    }

    /// A browser in which Chen Tao is signed in, through a process.
    pub async fn signed_in(&self, number: usize) -> Browser {
        let mut browser = Browser::new();
        let ticket = self.portal.issue_ticket(CHEN_TAO);
        let answer = self.launch(number, &mut browser, &ticket).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        browser
    }

    /// The tokens of a login through a process, with a refresh token.
    pub async fn tokens(&self, number: usize, browser: &mut Browser) -> Value {
        let app = self.app(number);
        let url = app.authorize_url(&[("scope", "openid profile offline_access")]);
        let code = RelyingParty::code(&browser.get(url).await);
        let answer = app.redeem(&code).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }
}

/// The member `name` of a token response.
pub fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name}: {tokens}"))
}
