//! The token request: which grant it brings (RFC 6749 §4). One file a grant: `read` takes the form
//! apart, before anything is spent; what the grant is worth is decided once it has been looked up.

pub mod authorization_code;
pub mod client_credentials;
pub mod refresh_token;
pub mod token_exchange;

use self::authorization_code::CodeRequest;
use self::client_credentials::ClientRequest;
use self::refresh_token::RefreshRequest;
use self::token_exchange::ExchangeRequest;
use super::client::Client;
use super::error::{ErrorCode, OAuthError};
use super::params::Params;
use crate::oauth::grant_type::GrantType;

/// A token request that is well formed and of a type its client may use.
pub enum TokenRequest<'a> {
    /// Brings a code.
    Code(CodeRequest<'a>),
    /// Brings a refresh token.
    Refresh(RefreshRequest<'a>),
    /// Brings nothing but the client's proof of itself.
    Client(ClientRequest),
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
        GrantType::AuthorizationCode => TokenRequest::Code(authorization_code::read(form, client)?),
        GrantType::RefreshToken => TokenRequest::Refresh(refresh_token::read(form, client)?),
        GrantType::ClientCredentials => {
            TokenRequest::Client(client_credentials::read(form, client)?)
        }
        GrantType::TokenExchange => TokenRequest::Exchange(token_exchange::read(form, client)?),
    })
}
