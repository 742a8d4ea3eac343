//! `id_token_hint`: an ID token of ours that comes back to say who is expected (OIDC Core
//! §3.1.2.1).

use panda_oidc_sdk::Subject;
use serde::Deserialize;

use super::error::OAuthError;
use crate::keys::Keys;

/// What tells an ID token from the other tokens these keys sign (N34).
#[derive(Clone, Deserialize)]
struct HintClaims {
    iss: String,
    sub: String,
    auth_time: Option<i64>,
    /// Access tokens name their client; ID tokens are for it.
    client_id: Option<String>,
    /// Logout tokens have events.
    events: Option<serde_json::Value>,
}

/// The subject that a hint names. An expired hint is still one.
///
/// # Errors
///
/// `invalid_request` when it is not an ID token of this issuer.
pub fn subject(unverified: &str, keys: &Keys, issuer: &str) -> Result<Subject, OAuthError> {
    let refused =
        || OAuthError::invalid_request("the id_token_hint is not an ID token of this provider");
    let token = keys.verify::<HintClaims>(unverified).ok_or_else(refused)?;
    let claims = token.claims;
    let id_token = token.header.typ.as_deref() == Some("JWT")
        && claims.client_id.is_none()
        && claims.events.is_none();
    if !id_token || claims.iss != issuer || claims.auth_time.is_none() {
        return Err(refused());
    }
    Subject::new(claims.sub).map_err(|_| refused())
}
