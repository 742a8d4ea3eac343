//! `id_token_hint`: an ID token of this provider that a client sends back. It names the user the
//! client expects (OIDC Core §3.1.2.1) or the session to end (RP-Initiated Logout 1.0 §2).

use panda_oidc_sdk::Subject;
use serde::Deserialize;

use crate::keys::Keys;
use crate::oauth::claims::Audience;
use crate::oauth::error::OAuthError;
use crate::session::SessionId;

/// The content of a hint. The token may have expired: it "can be used after its expiry" to name a
/// session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The user who signed in.
    pub subject: Subject,
    /// The session.
    pub sid: SessionId,
    /// The client that the token was issued to.
    pub audience: String,
}

/// The claims that distinguish an ID token from other tokens that are signed with the same keys: an
/// access token must not be accepted as a hint (N34, docs/security.md).
#[derive(Clone, Deserialize)]
struct HintClaims {
    iss: Option<String>,
    sub: Option<String>,
    sid: Option<String>,
    aud: Option<Audience>,
    auth_time: Option<i64>,
    /// Only access tokens have it.
    client_id: Option<String>,
    /// Only logout tokens have it.
    events: Option<serde_json::Value>,
}

/// Reads a hint.
///
/// # Errors
///
/// `invalid_request` when it is not an ID token of this issuer. The description says why.
pub fn read(unverified: &str, keys: &Keys, issuer: &str) -> Result<Hint, OAuthError> {
    let refused = |why| {
        OAuthError::invalid_request(format!(
            "the id_token_hint is not an ID token of this provider: {why}"
        ))
    };
    let token = keys.verify::<HintClaims>(unverified).ok_or_else(|| {
        refused(
            "it is no JWT that a key of this provider has signed, with the algorithm of the key",
        )
    })?;
    let typ = token.header.typ;
    let claims = token.claims;
    if claims.iss.as_deref() != Some(issuer) {
        return Err(refused("its iss is another issuer"));
    }
    let is_id_token = claims.auth_time.is_some() && claims.client_id.is_none();
    if typ.as_deref() != Some("JWT") || !is_id_token || claims.events.is_some() {
        return Err(refused("it is a token of another kind"));
    }
    let (Some(sub), Some(sid), Some(Audience::One(audience))) =
        (claims.sub, claims.sid, claims.aud)
    else {
        return Err(refused("sub, sid or aud is missing"));
    };
    Ok(Hint {
        subject: Subject::new(sub).map_err(|_| refused("its sub is none"))?,
        sid: SessionId::from(sid),
        audience,
    })
}
