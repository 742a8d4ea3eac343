//! The grant types and the types of token to exchange that a client can be registered for.

use serde::Deserialize;

/// A grant type, as in the parameter `grant_type` and in a client's `grant_types` (RFC 7591 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// A code from the authorization endpoint.
    AuthorizationCode,
    /// A refresh token.
    RefreshToken,
    /// The client's own credentials.
    ClientCredentials,
    /// Another token to exchange (RFC 8693).
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

    /// The grant types of a client that registers none.
    #[must_use]
    pub fn defaults() -> Vec<Self> {
        vec![Self::AuthorizationCode, Self::RefreshToken]
    }

    /// The value of the parameter `grant_type`.
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

/// `urn:ietf:params:oauth:token-type:access_token`, the only type that an exchange issues.
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A type of token that a client can exchange if it is registered for it (RFC 8693 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum SubjectTokenType {
    /// A ticket of the portal.
    #[serde(rename = "urn:panda-oidc:token-type:ticket")]
    Ticket,
    /// An access token of this provider.
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
