//! Portal, provider, oauth2-proxy as `docs/clients.md` sets it up, and the application behind it.

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

/// A stage that is set.
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
    /// Sets a stage by the recipe on `page`; `flags` are more options of oauth2-proxy.
    pub async fn set(page: &str, flags: &[&str]) -> Self {
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

    /// A click in the portal's menu: what the application is told in the end.
    pub async fn click(&self, browser: &mut Browser, user: u64) -> Value {
        let ticket = self.portal.issue_ticket(user);
        let entry = self
            .program
            .at(&format!("/launch/oauth2-proxy?ticket={ticket}"));
        let launched = browser.get_from(entry, self.portal.url().as_str()).await;
        told(browser.walk(launched.location()).await.last().unwrap())
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// The headers with which the application was asked.
#[track_caller]
pub fn told(page: &Answer) -> Value {
    assert_eq!(page.status, 200, "{}: {}", page.url, page.body);
    page.json()["headers"].clone()
}

/// Whether the browser was sent to the provider, and has to come from the portal.
pub fn is_asked(page: &Answer) -> bool {
    page.url.path() == "/authorize" && page.body.contains("请从熊猫智慧水务门户进入")
}
