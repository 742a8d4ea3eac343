//! What a person allowed a client, from the code to the tokens.

use chrono::{DateTime, Utc};
use openidconnect::{ClientId, Nonce};

use super::pkce::CodeChallenge;
use super::scope::Scopes;
use crate::login::session::{Session, SessionId};

/// An authorization as it was granted; its identifier is the digest of the code that began it.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The client it was granted to.
    pub client_id: ClientId,
    /// The session it belongs to, and dies with.
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
}

/// A grant together with the live session it belongs to.
#[derive(Debug, Clone)]
pub struct Granted {
    /// What was granted.
    pub grant: Grant,
    /// The session, read in the same step as the grant.
    pub session: Session,
}
