//! `id_token_hint`: an ID token of ours that comes back to say who is expected (OIDC Core
//! §3.1.2.1), or which session is meant (RP-Initiated Logout 1.0 §2).

use panda_oidc_sdk::Subject;
use serde::Deserialize;

use crate::keys::Keys;
use crate::oauth::claims::Audience;
use crate::oauth::error::OAuthError;
use crate::session::SessionId;

/// What a hint says. The token may have expired: it "can be used after its expiry" to name a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// Who signed in.
    pub subject: Subject,
    /// In which session.
    pub sid: SessionId,
    /// For which client.
    pub audience: String,
}

/// What tells an ID token from the other tokens these keys sign (N34).
#[derive(Clone, Deserialize)]
struct HintClaims {
    iss: Option<String>,
    sub: Option<String>,
    sid: Option<String>,
    aud: Option<Audience>,
    auth_time: Option<i64>,
    /// Access tokens name their client; ID tokens are for it.
    client_id: Option<String>,
    /// Logout tokens have events.
    events: Option<serde_json::Value>,
}

/// Reads a hint.
///
/// # Errors
///
/// `invalid_request` when it is not an ID token of this issuer; it says why.
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
    let of_a_login = claims.auth_time.is_some() && claims.client_id.is_none();
    if typ.as_deref() != Some("JWT") || !of_a_login || claims.events.is_some() {
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
