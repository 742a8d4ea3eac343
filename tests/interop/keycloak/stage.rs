//! Everything a brokered login takes: portal, provider, Keycloak, application.

use panda_oidc_panda::simulator::SimulatorHandle;

use super::admin::{ALIAS, Admin, Upstream};
use super::app::App;
use super::server::keycloak;
use crate::support::browser::{Answer, Browser};
use crate::support::program::Program;
use crate::tools::{is_signed_in, portal};

const CLIENT_ID: &str = "keycloak";
const CLIENT_SECRET: &str = "keycloak-secret-0123456789";

/// A client for the sake of its menu entry: one more application behind the same Keycloak.
pub const OTHER_ENTRY: &str = "reports";

/// How Keycloak and the provider deal with each other.
pub struct Terms {
    /// `id_token_signed_response_alg`.
    pub alg: &'static str,
    /// `token_endpoint_auth_method`.
    pub authentication: &'static str,
    /// More lines of the client.
    pub client: &'static str,
}

/// The modern choice.
pub const ES256: Terms = Terms {
    alg: "ES256",
    authentication: "client_secret_basic",
    client: "",
};

/// The default of the provider, and of Keycloak.
pub const RS256: Terms = Terms {
    alg: "RS256",
    authentication: "client_secret_post",
    client: "",
};

/// A stage that is set.
pub struct Stage {
    /// The portal.
    pub portal: SimulatorHandle,
    /// The provider.
    pub program: Program,
    /// Keycloak's realm.
    pub admin: Admin,
    /// The application.
    pub app: App,
}

impl Stage {
    /// Sets a stage with a realm called `realm`.
    pub async fn set(realm: &str, terms: Terms) -> Self {
        Self::set_with(realm, terms, "").await
    }

    /// As [`Stage::set`]; `sections` are more tables of the provider's configuration.
    pub async fn set_with(realm: &str, terms: Terms, sections: &str) -> Self {
        let keycloak = keycloak().await;
        let portal = portal().await;
        let realm_url = format!("{}/realms/{realm}", keycloak.url);
        let app = App::start(realm_url.clone()).await;
        let Terms {
            alg,
            authentication,
            client: more,
        } = terms;
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
        let admin = Admin::make(keycloak, realm, &upstream).await;
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

    /// The address behind a menu entry, with a new ticket of `user`'s.
    pub fn menu_entry(&self, user: u64) -> String {
        let ticket = self.portal.issue_ticket(user);
        self.program
            .at(&format!("/launch/{CLIENT_ID}?ticket={ticket}"))
    }

    /// Whether somebody is signed in at the provider in `browser`.
    pub async fn is_signed_in(&self, browser: &mut Browser) -> bool {
        is_signed_in(&self.program, browser).await
    }

    /// A click in the portal's menu, and where it leads.
    pub async fn click(&self, browser: &mut Browser, user: u64) -> Vec<Answer> {
        browser.walk(self.menu_entry(user)).await
    }
}
