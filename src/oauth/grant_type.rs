//! What a client can be registered for: `grant_types`, and what it may exchange.

use serde::Deserialize;

/// A grant type, as `grant_type` and a client's `grant_types` have it (RFC 7591 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// A code from the authorization endpoint.
    AuthorizationCode,
    /// A refresh token.
    RefreshToken,
    /// The client's own credentials.
    ClientCredentials,
    /// Something else that somebody holds (RFC 8693).
    #[serde(rename = "urn:ietf:params:oauth:grant-type:token-exchange")]
    TokenExchange,
}

impl GrantType {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::ClientCredentials,
        Self::TokenExchange,
    ];

    /// What a client uses that does not say.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        vec![Self::AuthorizationCode, Self::RefreshToken]
    }

    /// The type as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
        }
    }
}

/// `urn:ietf:params:oauth:token-type:access_token`, the only type that is given.
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// What may be exchanged (RFC 8693 §3), for clients that are registered for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum SubjectTokenType {
    /// A ticket of the portal's.
    #[serde(rename = "urn:panda-oidc:token-type:ticket")]
    Ticket,
    /// An access token of ours.
    #[serde(rename = "urn:ietf:params:oauth:token-type:access_token")]
    AccessToken,
}

impl SubjectTokenType {
    /// Reads a `subject_token_type`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "urn:panda-oidc:token-type:ticket" => Some(Self::Ticket),
            ACCESS_TOKEN => Some(Self::AccessToken),
            _ => None,
        }
    }
}
