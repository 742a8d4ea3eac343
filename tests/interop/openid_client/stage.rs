//! The test environment of `tests/interop/node/openid_client.mjs`.

use panda_oidc_panda::simulator::{Simulator, SimulatorHandle, SimulatorSettings};
use serde_json::{Value, json};

use crate::script;
use crate::support::CHEN_TAO;
use crate::support::program::{CLIENT_ID, Program, free_port};

const APP: &str = "node";
const APP_SECRET: &str = "node-secret-0123456789abcdefghijklmnop";
const OTHER: &str = "other";

/// A portal, a provider, and a registered application that does not run yet.
pub struct Stage {
    portal: SimulatorHandle,
    program: Program,
    port: u16,
    authentication: String,
    alg: String,
}

impl Stage {
    /// Registers the application with this `token_endpoint_auth_method` and this
    /// `id_token_signed_response_alg`. `more` are further lines of its registration.
    pub async fn start(authentication: &str, alg: &str, more: &str) -> Self {
        let port = free_port();
        let credential = match authentication {
            "private_key_jwt" => format!("jwks_uri = 'http://127.0.0.1:{port}/jwks'"),
            _ => format!("client_secret = '{APP_SECRET}'"),
        };
        let clients = format!(
            "[[clients]]\n\
             client_id = '{APP}'\n\
             redirect_uris = ['http://127.0.0.1:{port}/callback']\n\
             backchannel_logout_uri = 'http://127.0.0.1:{port}/logout'\n\
             token_endpoint_auth_method = '{authentication}'\n\
             id_token_signed_response_alg = '{alg}'\n\
             {credential}\n{more}\n\
             [[clients]]\n\
             client_id = '{OTHER}'\n\
             token_endpoint_auth_method = 'none'\n\
             redirect_uris = ['http://127.0.0.1:9/other']\n\
             post_logout_redirect_uris = ['http://127.0.0.1:9/other/out']\n"
        );
        let portal = Simulator::start(SimulatorSettings::default())
            .await
            .unwrap();
        let program = Program::start(portal.url().as_str(), &clients).await;
        Self {
            portal,
            program,
            port,
            authentication: authentication.to_owned(),
            alg: alg.to_owned(),
        }
    }

    /// The issuer.
    pub fn issuer(&self) -> &str {
        &self.program.issuer
    }

    /// Runs a scenario of the script as the application, and returns its result.
    pub async fn run(&self, scenario: &str) -> Value {
        let ticket = self.portal.issue_ticket(CHEN_TAO);
        let launch = format!("/launch/{CLIENT_ID}?ticket={ticket}");
        let input = json!({
            "scenario": scenario,
            "issuer": self.issuer(),
            "launch": self.program.at(&launch),
            "port": self.port,
            "client_id": APP,
            "secret": APP_SECRET,
            "authentication": self.authentication,
            "alg": self.alg,
            "redirect_uri": format!("http://127.0.0.1:{}/callback", self.port),
            "other_client_id": OTHER,
            "other_redirect_uri": "http://127.0.0.1:9/other",
            "other_post_logout_redirect_uri": "http://127.0.0.1:9/other/out",
        });
        script::run(script::node("openid_client.mjs"), input).await
    }
}
