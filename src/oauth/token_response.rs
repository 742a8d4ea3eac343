//! A successful answer of the token endpoint (RFC 6749 §5.1, OIDC Core §3.1.3.3).

use serde::Serialize;

/// What the client gets.
#[derive(Debug, Serialize)]
pub struct TokenResponse {
    /// The access token, a JWT.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// How long the access token lives, in seconds.
    pub expires_in: i64,
    /// The ID token, where the grant has `openid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// The refresh token, where the client gets one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The scopes of the access token.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// The `sid` of the ID token beside it. Keycloak before May 2026 finds the session that a
    /// logout token names by this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_state: Option<String>,
    /// RFC 8693 §2.2.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<&'static str>,
}
