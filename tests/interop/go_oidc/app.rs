//! The application, its registration, and the report on its home page.

use std::process::Command;

use serde_json::Value;

use crate::process::Processes;
use crate::support::browser::{Answer, Browser};
use crate::support::program::{Program, free_port};
use crate::tools::go_client;

/// A client's registration, made before the application runs.
pub struct Registration {
    client_id: String,
    secret: String,
    address: String,
    /// The `[[clients]]` table.
    pub toml: String,
}

impl Registration {
    /// A registration on a free port. `lines` are further lines of the table.
    pub fn new(client_id: &str, secret: &str, lines: &str) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let toml = format!(
            "[[clients]]\n\
             client_id = '{client_id}'\n\
             client_secret = '{secret}'\n\
             redirect_uris = ['http://{address}/callback']\n\
             initiate_login_uri = 'http://{address}/login'\n\
             require_pkce = true\n\
             {lines}\n"
        );
        Self {
            client_id: client_id.to_owned(),
            secret: secret.to_owned(),
            address,
            toml,
        }
    }

    /// Starts the application, configured with `issuer`.
    pub fn run(&self, issuer: &str) -> Processes {
        let mut command = Command::new(go_client("app"));
        command
            .args(["-issuer", issuer, "-client", &self.client_id])
            .args(["-listen", &self.address])
            .env("CLIENT_SECRET", &self.secret);
        Processes::start(&mut command, tempfile::tempdir().unwrap().keep())
    }
}

/// A running application.
pub struct App {
    url: String,
    client_id: String,
    _processes: Processes,
}

impl App {
    /// Starts the application as a client of `program` and waits until it is ready.
    pub async fn start(registration: &Registration, program: &Program) -> Self {
        let mut processes = registration.run(&program.issuer);
        let url = format!("http://{}", registration.address);
        let ready = format!("{url}/ready");
        processes.until_ready(|_| Some(ready.clone())).await;
        Self {
            url,
            client_id: registration.client_id.clone(),
            _processes: processes,
        }
    }

    /// Clicks its entry in the menu of the portal, with `ticket`. Returns the report after the login.
    pub async fn click(&self, program: &Program, browser: &mut Browser, ticket: &str) -> Value {
        let entry = format!("/launch/{}?ticket={ticket}", self.client_id);
        self.report(browser.follow(program.at(&entry)).await)
    }

    /// Makes the application refresh its tokens. Returns its report.
    pub async fn refresh(&self) -> Value {
        self.report(self.try_refresh().await)
    }

    /// Makes the application refresh its tokens. Returns all responses.
    pub async fn try_refresh(&self) -> Vec<Answer> {
        Browser::new().follow(format!("{}/refresh", self.url)).await
    }

    /// The JSON on the home page, where `responses` must have ended.
    #[track_caller]
    fn report(&self, mut responses: Vec<Answer>) -> Value {
        let page = responses.pop().unwrap();
        assert_eq!(page.status, 200, "{}: {}", page.url, page.body);
        assert_eq!(page.url.as_str(), format!("{}/", self.url), "{}", page.body);
        page.json()
    }
}
