//! What a token is good for, as its client or a service may know (RFC 7662).

use super::access::{denial, is_open};
use super::access_tokens::{self, Found};
use super::error::Error;
use crate::app::App;
use crate::crypto::refresh_token::RefreshToken;
use crate::oauth::client::Client;
use crate::oauth::error::OAuthError;
use crate::oauth::params::Params;
use crate::store::Family;

/// What a token turned out to be.
#[derive(Debug)]
pub enum TokenState {
    /// Unknown, expired, revoked, or none of the client's business.
    Inactive,
    /// An access token that is good.
    AccessToken(Found),
    /// A refresh token that is good.
    RefreshToken(Box<Family>),
}

/// Answers `client` about a token of its own, or one that is for it.
///
/// # Errors
///
/// `invalid_client` for a client without credentials: anybody could ask in its name (RFC 7662 §2.1);
/// `invalid_request` when the token is missing.
pub async fn introspect(app: &App, client: &Client, form: &Params) -> Result<TokenState, Error> {
    // 1. Require a client that has proved itself.
    if client.is_public() {
        let error = "introspection needs a client that proves itself";
        return Err(OAuthError::invalid_client(error).into());
    }
    let token = form.sole("token")?;
    // 2. Look for an access token.
    if let Some(found) = access_tokens::find(app, token).await? {
        let (claims, granted) = (&found.claims, found.granted.as_ref());
        // A service learns nothing of people it is not open to.
        if let Some(granted) = granted.filter(|_| claims.client_id != client.id.as_str())
            && denial(app, client, &granted.user).await?.is_some()
        {
            return Ok(TokenState::Inactive);
        }
        return Ok(TokenState::AccessToken(found));
    }
    // 3. Look for a refresh token.
    let Some(presented) = RefreshToken::parse(token) else {
        return Ok(TokenState::Inactive);
    };
    let now = app.host.clock.now();
    let family = app.store.family(&presented.family(), now).await?;
    let family = family.filter(|family| {
        family.latest == presented.digest() && is_open(app, client, &family.granted)
    });
    Ok(family.map_or(TokenState::Inactive, |family| {
        TokenState::RefreshToken(Box::new(family))
    }))
}
