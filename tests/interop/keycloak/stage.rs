//! The test environment of a brokered login: portal, provider, Keycloak, application.

use panda_oidc_panda::simulator::SimulatorHandle;

use super::admin::{ALIAS, Admin, Upstream};
use super::app::App;
use super::server::keycloak;
use crate::support::browser::{Answer, Browser};
use crate::support::program::Program;
use crate::tools::{is_signed_in, portal};

const CLIENT_ID: &str = "keycloak";
const CLIENT_SECRET: &str = "keycloak-secret-0123456789";

/// A client that only provides a menu entry, for one more application behind the same Keycloak.
pub const OTHER_ENTRY: &str = "reports";

/// How Keycloak is registered as a client of the provider.
pub struct ClientSettings {
    /// `id_token_signed_response_alg`.
    pub alg: &'static str,
    /// `token_endpoint_auth_method`.
    pub authentication: &'static str,
    /// Further lines of the `[[clients]]` table.
    pub client: &'static str,
}

/// The modern settings.
pub const ES256: ClientSettings = ClientSettings {
    alg: "ES256",
    authentication: "client_secret_basic",
    client: "",
};

/// The default algorithm of the provider and the default client authentication of Keycloak.
pub const RS256: ClientSettings = ClientSettings {
    alg: "RS256",
    authentication: "client_secret_post",
    client: "",
};

/// A running test environment.
pub struct Stage {
    /// The portal.
    pub portal: SimulatorHandle,
    /// The provider.
    pub program: Program,
    /// The administrator of the realm.
    pub admin: Admin,
    /// The application.
    pub app: App,
}

impl Stage {
    /// Starts all parts, with a realm called `realm`.
    pub async fn start(realm: &str, settings: ClientSettings) -> Self {
        Self::start_with(realm, settings, "").await
    }

    /// As [`Stage::start`]. `sections` are further tables of the configuration of the provider.
    pub async fn start_with(realm: &str, settings: ClientSettings, sections: &str) -> Self {
        let keycloak = keycloak().await;
        let portal = portal().await;
        let realm_url = format!("{}/realms/{realm}", keycloak.url);
        let app = App::start(realm_url.clone()).await;
        let ClientSettings {
            alg,
            authentication,
            client: more,
        } = settings;
        let client = format!(
            "[[clients]]\n\
             client_id = '{CLIENT_ID}'\n\
             client_secret = '{CLIENT_SECRET}'\n\
             preset = 'keycloak'\n\
             token_endpoint_auth_method = '{authentication}'\n\
             redirect_uris = ['{realm_url}/broker/{ALIAS}/endpoint']\n\
             post_logout_redirect_uris = ['{realm_url}/broker/{ALIAS}/endpoint/logout_response']\n\
             backchannel_logout_uri = '{realm_url}/protocol/openid-connect/logout/backchannel-logout'\n\
             initiate_login_uri = '{login}'\n\
             id_token_signed_response_alg = '{alg}'\n\
             require_pkce = true\n\
             {more}\n\
             [[clients]]\n\
             client_id = '{OTHER_ENTRY}'\n\
             token_endpoint_auth_method = 'none'\n\
             redirect_uris = ['{url}/']\n\
             initiate_login_uri = '{login}'\n\
             {sections}",
            url = app.url,
            login = app.login_url(),
        );
        let program = Program::start(portal.url().as_str(), &client).await;
        let upstream = Upstream {
            issuer: &program.issuer,
            client_id: CLIENT_ID,
            client_secret: CLIENT_SECRET,
            authentication,
        };
        let admin = Admin::create_realm(keycloak, realm, &upstream).await;
        let (client_id, client_secret, redirect_uri) = app.registration();
        admin
            .register(client_id, client_secret, &redirect_uri)
            .await;
        Self {
            portal,
            program,
            admin,
            app,
        }
    }

    /// The launch URL of the menu entry, with a new ticket of `user`.
    pub fn menu_entry(&self, user: u64) -> String {
        let ticket = self.portal.issue_ticket(user);
        self.program
            .at(&format!("/launch/{CLIENT_ID}?ticket={ticket}"))
    }

    /// Whether `browser` has a session at the provider.
    pub async fn is_signed_in(&self, browser: &mut Browser) -> bool {
        is_signed_in(&self.program, browser).await
    }

    /// Clicks the entry in the menu of the portal. Returns all responses.
    pub async fn click(&self, browser: &mut Browser, user: u64) -> Vec<Answer> {
        browser.follow(self.menu_entry(user)).await
    }
}
