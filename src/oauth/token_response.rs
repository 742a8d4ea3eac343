//! A successful response of the token endpoint (RFC 6749 §5.1, OIDC Core §3.1.3.3).

use serde::Serialize;

/// The token response.
#[derive(Debug, Serialize)]
pub struct TokenResponse {
    /// The access token, a JWT.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// The lifetime of the access token, in seconds.
    pub expires_in: i64,
    /// The ID token, if the grant has `openid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// The refresh token, if the client gets one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The scopes of the access token.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// The `sid` of the ID token. Keycloak before May 2026 needs it to find the session that a
    /// logout token names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_state: Option<String>,
    /// The type of the access token, in response to a token exchange (RFC 8693 §2.2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<&'static str>,
}
