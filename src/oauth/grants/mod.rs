//! The token request: one file per grant type (RFC 6749 §4). In each, `read` parses the form before
//! a code or token is used up. Another function decides what to issue once the grant has been
//! looked up.

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
    /// With a code.
    Code(CodeRequest<'a>),
    /// With a refresh token.
    Refresh(RefreshRequest<'a>),
    /// With nothing but the client authentication.
    Client(ClientRequest),
    /// With a token to exchange.
    Exchange(ExchangeRequest<'a>),
}

/// Reads a token request from `client`.
///
/// # Errors
///
/// `invalid_request` when a parameter is missing or repeated, `unsupported_grant_type`,
/// `unauthorized_client` when the client is not registered for the grant type.
pub fn read<'a>(form: &'a Params, client: &Client) -> Result<TokenRequest<'a>, OAuthError> {
    let requested = form.require("grant_type")?;
    let Some(grant_type) = GrantType::ALL
        .into_iter()
        .find(|supported| supported.as_str() == requested)
    else {
        return Err(OAuthError::new(
            ErrorCode::UnsupportedGrantType,
            "the grant_type is none of those in the discovery document",
        ));
    };
    if !client.may_use(grant_type) {
        return Err(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            format!("the client is not registered for the grant type {requested}"),
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
