//! What a person allowed a client, from the code to the tokens.

use chrono::{DateTime, Utc};
use openidconnect::{ClientId, Nonce};
use panda_oidc_sdk::Subject;

use super::claims_request::RequestedClaims;
use super::pkce::CodeChallenge;
use super::scope::{Scope, Scopes};
use crate::people::Link;
use crate::session::{SessionId, User};

/// An authorization as it was granted; its identifier is the digest of the code that began it.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The client it was granted to.
    pub client_id: ClientId,
    /// Whose it is.
    pub subject: Subject,
    /// The session it was granted in. It dies with it, by itself or ended; one that
    /// [is offline](Grant::is_offline) only when the session is ended.
    pub sid: SessionId,
    /// What was granted.
    pub scopes: Scopes,
    /// The redirect URI of the request, to the letter: it must be repeated at the token endpoint
    /// (RFC 6749 §4.1.3).
    pub redirect_uri: String,
    /// Echoed in the ID token (OIDC Core §3.1.2.1).
    pub nonce: Option<Nonce>,
    /// What the code verifier must hash to (RFC 7636).
    pub challenge: Option<CodeChallenge>,
    /// When the portal had proved the user, as seen by this request.
    pub auth_time: DateTime<Utc>,
    /// Whether the code brings a refresh token.
    pub refreshable: bool,
    /// The resources that were asked for (RFC 8707).
    pub resources: Vec<String>,
    /// Claims that were asked for one by one.
    pub claims: RequestedClaims,
    /// The `acr` that was asked for.
    pub acr: Option<&'static str>,
}

impl Grant {
    /// Whether it outlives a session that just runs out (OIDC Core §11, `offline_access`).
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.refreshable && self.scopes.contains(Scope::OfflineAccess)
    }
}

/// A grant that stands, and its user as last heard of.
#[derive(Debug, Clone)]
pub struct ActiveGrant {
    /// What was granted.
    pub grant: Grant,
    /// The user, read in the same step as the grant.
    pub user: User,
    /// The account the client has for the user, completed with the one for all clients.
    pub link: Option<Link>,
}
