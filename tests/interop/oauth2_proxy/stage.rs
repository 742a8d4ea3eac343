//! The test environment: portal, provider, oauth2-proxy as configured in `docs/clients.md`, and the
//! application behind it.

use std::fs;
use std::process::Command;

use panda_oidc_panda::simulator::SimulatorHandle;
use serde_json::Value;

use crate::echo::echo;
use crate::process::Processes;
use crate::recipe::Recipe;
use crate::support::browser::{Answer, Browser};
use crate::support::program::{Program, free_port};
use crate::tools::{go_client, portal};

const SECRET: &str = "oauth2-proxy-secret-0123456789";

/// A running test environment.
pub struct Stage {
    /// The portal.
    pub portal: SimulatorHandle,
    /// The provider.
    pub program: Program,
    /// The address of oauth2-proxy.
    pub url: String,
    _proxy: Processes,
}

impl Stage {
    /// Starts all parts with the configuration on `page`. `flags` are further options of oauth2-proxy.
    pub async fn start(page: &str, flags: &[&str]) -> Self {
        let (portal, upstream) = (portal().await, echo().await);
        let address = format!("127.0.0.1:{}", free_port());
        let url = format!("http://{address}");
        let recipe = Recipe::read(page, "oauth2-proxy");
        let client = recipe.block(
            "toml",
            &[
                ("https://tool.example.com", &url),
                ("\"…\"", &quoted(SECRET)),
            ],
        );
        let program = Program::start(portal.url().as_str(), &client).await;
        let config = recipe.block(
            "ini",
            &[
                ("https://sso.example.com", &program.issuer),
                ("https://tool.example.com", &url),
                ("http://127.0.0.1:3000", &upstream),
                (
                    "client_secret = \"…\"",
                    &format!("client_secret = '{SECRET}'"),
                ),
                (
                    "cookie_secret = \"…\"",
                    "cookie_secret = '0123456789abcdef0123456789abcdef'",
                ),
            ],
        );
        let folder = tempfile::tempdir().unwrap().keep();
        let file = folder.join("oauth2-proxy.cfg");
        fs::write(&file, config).unwrap();
        let mut command = Command::new(go_client("oauth2-proxy"));
        command
            .arg("--config")
            .arg(file)
            .args(["--http-address", &address])
            .args(flags);
        let mut proxy = Processes::start(&mut command, folder);
        let ready = format!("{url}/ready");
        proxy.until_ready(|_| Some(ready.clone())).await;
        Self {
            portal,
            program,
            url,
            _proxy: proxy,
        }
    }

    /// An address behind oauth2-proxy.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Clicks the entry in the menu of the portal. Returns the headers that the application receives.
    pub async fn click(&self, browser: &mut Browser, user: u64) -> Value {
        let ticket = self.portal.issue_ticket(user);
        let entry = self
            .program
            .at(&format!("/launch/oauth2-proxy?ticket={ticket}"));
        let launched = browser.get_from(entry, self.portal.url().as_str()).await;
        forwarded_headers(browser.follow(launched.location()).await.last().unwrap())
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// The headers of the request that the application received.
#[track_caller]
pub fn forwarded_headers(page: &Answer) -> Value {
    assert_eq!(page.status, 200, "{}: {}", page.url, page.body);
    page.json()["headers"].clone()
}

/// Whether the browser has ended at the provider, on the page that asks to enter from the portal.
pub fn is_login_required(page: &Answer) -> bool {
    page.url.path() == "/authorize" && page.body.contains("请从熊猫智慧水务门户进入")
}
