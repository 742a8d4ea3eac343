//! The token request: which grant it brings (RFC 6749 §4). One file a grant: `read` takes the form
//! apart, before anything is spent; what the grant is worth is decided once it has been looked up.

pub mod authorization_code;
pub mod client_credentials;
pub mod refresh_token;
pub mod token_exchange;

use serde::Deserialize;

use self::authorization_code::CodeRequest;
use self::refresh_token::RefreshRequest;
use self::token_exchange::ExchangeRequest;
use super::client::Client;
use super::error::{ErrorCode, OAuthError};
use super::params::Params;

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

/// A token request that is well formed and of a type its client may use.
pub enum TokenRequest<'a> {
    /// Brings a code.
    Code(CodeRequest<'a>),
    /// Brings a refresh token.
    Refresh(RefreshRequest<'a>),
    /// Brings nothing but the client's proof of itself.
    Client,
    /// Brings something to exchange.
    Exchange(ExchangeRequest<'a>),
}

/// Reads a token request of `client`.
///
/// # Errors
///
/// `invalid_request` when a parameter is missing or repeated, `unsupported_grant_type`,
/// `unauthorized_client` when the client is not registered for the grant type.
pub fn read<'a>(form: &'a Params, client: &Client) -> Result<TokenRequest<'a>, OAuthError> {
    let asked = form.sole("grant_type")?;
    let Some(grant_type) = GrantType::ALL
        .into_iter()
        .find(|known| known.as_str() == asked)
    else {
        return Err(OAuthError::new(
            ErrorCode::UnsupportedGrantType,
            "the grant_type is none of those in the discovery document",
        ));
    };
    if !client.may_use(grant_type) {
        return Err(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            format!("the client is not registered for the grant type {asked}"),
        ));
    }
    Ok(match grant_type {
        GrantType::AuthorizationCode => TokenRequest::Code(authorization_code::read(form)?),
        GrantType::RefreshToken => TokenRequest::Refresh(refresh_token::read(form)?),
        GrantType::ClientCredentials => {
            client_credentials::allow(form, client)?;
            TokenRequest::Client
        }
        GrantType::TokenExchange => TokenRequest::Exchange(token_exchange::read(form, client)?),
    })
}

/// What was brought is no good.
pub(crate) fn invalid_grant(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidGrant, description)
}
