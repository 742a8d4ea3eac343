//! The whole product in this process: a simulated portal, a provider, and a clock that stands still.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use panda_oidc::app::App;
use panda_oidc_panda::simulator::{Simulator, SimulatorHandle, SimulatorSettings};
use panda_oidc_sdk::ManualClock;
use tokio::net::TcpListener;

use super::app::RelyingParty;
use super::browser::{Answer, Browser};
use super::earlier_data::EarlierData;
use super::process::Process;

/// A running provider with its portal. It stops when this is dropped.
pub struct TestProvider {
    /// The clock of the provider and the portal.
    pub clock: Arc<ManualClock>,
    /// The portal.
    pub portal: SimulatorHandle,
    /// The issuer, which is also the provider's address.
    pub issuer: String,
    /// The provider itself, for inspection.
    pub app: Arc<App>,
    folder: tempfile::TempDir,
    _process: Process,
}

/// The clients that are always registered. `grafana` is confidential. `keycloak` is confidential and
/// gets ID tokens signed with ES256. `spa` is public.
const CLIENTS: &str = r#"
[[clients]]
client_id = "grafana"
client_name = "Grafana"
client_secret = "grafana-secret-0123456789"
redirect_uris = ["http://127.0.0.1:3000/login/generic_oauth"]
initiate_login_uri = "http://127.0.0.1:3000/login/generic_oauth"
client_uri = "http://127.0.0.1:3000/"

[[clients]]
client_id = "keycloak"
client_secret = "keycloak-secret-0123456789"
redirect_uris = ["http://127.0.0.1:8180/realms/broker/broker/panda/endpoint"]
initiate_login_uri = "http://127.0.0.1:8180/realms/broker/account"
id_token_signed_response_alg = "ES256"
require_pkce = true

[[clients]]
client_id = "spa"
token_endpoint_auth_method = "none"
redirect_uris = ["http://127.0.0.1/callback"]
client_uri = "http://127.0.0.1:3001/"
id_token_signed_response_alg = "EdDSA"
"#;

impl TestProvider {
    /// Starts a provider with the default settings.
    pub async fn open() -> Self {
        Self::open_with("", "").await
    }

    /// Starts a provider. `sections` are additional tables of the configuration (`[session]`, …), and
    /// `provider` additional lines of `[provider]`.
    pub async fn open_with(sections: &str, provider: &str) -> Self {
        Self::open_with_issuer_path("", sections, provider).await
    }

    /// Starts a provider whose issuer has the path `path`.
    pub async fn open_with_issuer_path(path: &str, sections: &str, provider: &str) -> Self {
        let clock = Arc::new(ManualClock::at(
            DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
        ));
        let settings = SimulatorSettings {
            clock: clock.clone(),
            ..SimulatorSettings::default()
        };
        let portal = Simulator::start(settings).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}{path}", listener.local_addr().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let toml = format!(
            "issuer = '{issuer}'\n[provider]\nkind = 'panda'\nbase_url = '{url}'\n{provider}\n\
             [store]\npath = '{folder}/panda-oidc.db'\n\
             [keys]\nmaster_key_file = '{folder}/master.key'\n{sections}\n{CLIENTS}",
            url = portal.url(),
            folder = folder.path().display(),
        );
        Self::serve(&toml, issuer, listener, folder, portal, clock).await
    }

    /// Serves the configuration `toml` on `listener`.
    async fn serve(
        toml: &str,
        issuer: String,
        listener: TcpListener,
        folder: tempfile::TempDir,
        portal: SimulatorHandle,
        clock: Arc<ManualClock>,
    ) -> Self {
        let process = Process::start(toml, listener, clock.clone()).await;
        Self {
            clock,
            portal,
            issuer,
            app: Arc::clone(&process.app),
            folder,
            _process: process,
        }
    }

    /// Serves the data of an earlier version, five seconds after that stopped. The configured issuer stays;
    /// requests go to [`TestProvider::issuer`].
    pub async fn open_earlier_data(data: &EarlierData) -> Self {
        let clock = Arc::new(ManualClock::at(data.stopped_at() + TimeDelta::seconds(5)));
        let settings = SimulatorSettings {
            clock: clock.clone(),
            ..SimulatorSettings::default()
        };
        let portal = Simulator::start(settings).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let toml = EarlierData::copy_into(folder.path(), &portal);
        EarlierData::add_users(&portal);
        let address = format!("http://{}", listener.local_addr().unwrap());
        Self::serve(&toml, address, listener, folder, portal, clock).await
    }

    /// A URL below the issuer.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// One of the registered clients.
    pub fn client(&self, client_id: &str) -> RelyingParty {
        let (secret, redirect_uri) = match client_id {
            "grafana" => (
                Some("grafana-secret-0123456789"),
                "http://127.0.0.1:3000/login/generic_oauth",
            ),
            "keycloak" => (
                Some("keycloak-secret-0123456789"),
                "http://127.0.0.1:8180/realms/broker/broker/panda/endpoint",
            ),
            _ => (None, "http://127.0.0.1/callback"),
        };
        RelyingParty {
            issuer: self.issuer.clone(),
            client_id: client_id.to_owned(),
            client_secret: secret.map(str::to_owned),
            redirect_uri: redirect_uri.to_owned(),
        }
    }

    /// Launches `client_id` with a new ticket for `user`, as a click in the portal's menu does. The
    /// request has no `Referer`.
    pub async fn launch(&self, browser: &mut Browser, client_id: &str, user: u64) -> Answer {
        let ticket = self.portal.issue_ticket(user);
        browser
            .get(self.at(&format!("/launch/{client_id}?ticket={ticket}")))
            .await
    }

    /// Launches `grafana` for Chen Tao through a proxy; `from` is the client's IP address in
    /// `X-Forwarded-For`.
    pub async fn launch_from(&self, browser: &mut Browser, from: &str) -> Answer {
        let ticket = self.portal.issue_ticket(super::CHEN_TAO);
        let url = self.at(&format!("/launch/grafana?ticket={ticket}"));
        browser
            .send(reqwest::Method::GET, url, |request| {
                request.header("x-forwarded-for", from)
            })
            .await
    }

    /// A browser in which `user` is signed in.
    pub async fn signed_in(&self, user: u64) -> Browser {
        let mut browser = Browser::new();
        let answer = self.launch(&mut browser, "grafana", user).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        browser
    }

    /// Moves the clock.
    pub fn advance(&self, step: TimeDelta) {
        self.clock.advance(step);
    }

    /// The folder with the database and the master key.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}
