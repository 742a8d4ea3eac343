//! Grants: what a user authorized a client to get. A grant lasts from the code to the last token.

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::{ClientId, Nonce};
use panda_oidc_sdk::Subject;

use super::pkce::CodeChallenge;
use super::scope::{Scope, Scopes};
use crate::oauth::requested_claims::RequestedClaims;
use crate::people::Link;
use crate::session::{SessionId, User};

/// How long a code can be redeemed. RFC 6749 §4.1.2 allows ten minutes, but clients redeem at once.
pub const CODE_LIFETIME: TimeDelta = TimeDelta::seconds(60);

/// A grant. Its identifier is the hash of its authorization code.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The client it was granted to.
    pub client_id: ClientId,
    /// The user it belongs to.
    pub subject: Subject,
    /// The session it was granted in. The grant ends when the session expires or is ended. A grant
    /// that [is offline](Grant::is_offline) ends only when the session is ended.
    pub sid: SessionId,
    /// The granted scopes.
    pub scopes: Scopes,
    /// The redirect URI, exactly as in the authorization request. The token request must repeat it
    /// (RFC 6749 §4.1.3).
    pub redirect_uri: String,
    /// Echoed in the ID token (OIDC Core §3.1.2.1).
    pub nonce: Option<Nonce>,
    /// The PKCE challenge that the code verifier must match (RFC 7636).
    pub challenge: Option<CodeChallenge>,
    /// When the portal authenticated the user, as far as this request knows.
    pub auth_time: DateTime<Utc>,
    /// Whether the code yields a refresh token.
    pub issues_refresh_token: bool,
    /// The requested resources (RFC 8707).
    pub resources: Vec<String>,
    /// The claims that were requested by name.
    pub claims: RequestedClaims,
    /// The requested `acr`.
    pub acr: Option<&'static str>,
}

impl Grant {
    /// Whether it came from the exchange of a ticket, without an authorization request. Its session has no
    /// browser.
    #[must_use]
    pub fn is_of_ticket_exchange(&self) -> bool {
        self.redirect_uri.is_empty()
    }

    /// Whether the grant outlives a session that expires (OIDC Core §11, `offline_access`).
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.issues_refresh_token && self.scopes.contains(Scope::OfflineAccess)
    }
}

/// A grant that is still valid, and the latest data about its user.
#[derive(Debug, Clone)]
pub struct ActiveGrant {
    /// The granted scopes.
    pub grant: Grant,
    /// The user, read in the same step as the grant.
    pub user: User,
    /// The user's account at the client. What it lacks is taken from the user's link for all
    /// clients.
    pub link: Option<Link>,
}
