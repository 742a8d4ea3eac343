//! The data that version 0.1.0 left in `tests/fixtures`: its configuration, its database, the cookies of
//! its browsers and the tokens of its clients.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use panda_oidc_panda::simulator::{Person, SimulatorHandle};
use serde_json::Value;

use super::app::RelyingParty;
use super::browser::Browser;

/// The data of version 0.1.0.
pub struct EarlierData {
    /// `browsers.json`: the cookies and tokens of each browser.
    browsers: Value,
}

fn fixture() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/0.1.0")
}

impl EarlierData {
    /// Reads the cookies and tokens.
    pub fn read() -> Self {
        let browsers = fs::read_to_string(fixture().join("browsers.json")).unwrap();
        Self {
            browsers: serde_json::from_str(&browsers).unwrap(),
        }
    }

    /// When that version stopped.
    pub fn stopped_at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.browsers["made_at"].as_i64().unwrap(), 0).unwrap()
    }

    /// Copies the database and its key into `folder`. Returns the configuration for them.
    pub fn copy_into(folder: &Path, portal: &SimulatorHandle) -> String {
        for file in ["panda-oidc.db", "master.key"] {
            fs::copy(fixture().join(file), folder.join(file)).unwrap();
        }
        fs::read_to_string(fixture().join("panda-oidc.toml"))
            .unwrap()
            .replace("FOLDER", folder.to_str().unwrap())
            .replace("PORTAL", portal.url().as_str())
    }

    /// Lists the users of that version in `portal`.
    pub fn add_users(portal: &SimulatorHandle) {
        for id in 4..=60 {
            portal.add_user(Person::new(id, format!("用户{id}"), ""));
        }
    }

    /// The browser `name`, with its cookies.
    pub fn browser(&self, name: &str) -> Browser {
        let cookies = self.browsers[name]["cookies"].clone();
        let mut browser = Browser::new();
        browser.cookies = serde_json::from_value(cookies).unwrap();
        browser
    }

    /// A stored value of the browser `name`, such as a token.
    pub fn text(&self, name: &str, field: &str) -> &str {
        self.browsers[name][field].as_str().unwrap()
    }

    /// The client `app` of that version, at a provider whose address is now `issuer`.
    pub fn app(issuer: &str) -> RelyingParty {
        RelyingParty {
            issuer: issuer.to_owned(),
            client_id: "app".to_owned(),
            client_secret: Some("app-secret-0123456789abcdef".to_owned()),
            redirect_uri: "http://127.0.0.1:9/callback".to_owned(),
        }
    }
}
