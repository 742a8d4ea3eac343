//! Token introspection, for the token's client and for the services it is for (RFC 7662).

use super::access::{access_denial, has_access};
use super::access_tokens::{self, ActiveAccessToken};
use super::error::Error;
use crate::app::App;
use crate::crypto::refresh_token::RefreshToken;
use crate::oauth::client::Client;
use crate::oauth::error::OAuthError;
use crate::oauth::params::Params;
use crate::store::{Family, StoreError};

/// The state of an introspected token.
#[derive(Debug)]
pub enum TokenState {
    /// Unknown, expired, revoked, or not for this client to see.
    Inactive,
    /// An active access token.
    AccessToken(ActiveAccessToken),
    /// An active refresh token.
    RefreshToken(Family),
}

/// Introspects a token for `client`, which either owns it or is one of the services it is for.
///
/// # Errors
///
/// `invalid_client` for a client without credentials: anybody could introspect in its name (RFC
/// 7662 §2.1); `invalid_request` when the token is missing.
pub async fn introspect(app: &App, client: &Client, form: &Params) -> Result<TokenState, Error> {
    // 1. Require an authenticated client.
    if client.is_public() {
        let description = "introspection needs a client that proves itself";
        return Err(OAuthError::invalid_client(description).into());
    }
    let token = form.require("token")?;
    // 2. Look for an access token.
    if let Some(found) = access_tokens::find(app, token).await? {
        let may_see = may_see(app, client, &found).await?;
        return Ok(if may_see {
            TokenState::AccessToken(found)
        } else {
            TokenState::Inactive
        });
    }
    // 3. Look for a refresh token. Only its client may see it, and only its latest one is active.
    let Some(refresh_token) = RefreshToken::parse(token) else {
        return Ok(TokenState::Inactive);
    };
    let now = app.host.clock.now();
    let family = app.store.family(&refresh_token.family(), now).await?;
    let family = family.filter(|family| {
        family.granted.grant.client_id == client.id
            && family.latest == refresh_token.digest()
            && has_access(app, client, &family.granted)
    });
    Ok(family.map_or(TokenState::Inactive, TokenState::RefreshToken))
}

/// Whether `client` may see the token: it was issued to it, or is meant for it as a resource server
/// (RFC 7662 §4). A resource server learns nothing about users who have no access to it.
async fn may_see(
    app: &App,
    client: &Client,
    token: &ActiveAccessToken,
) -> Result<bool, StoreError> {
    if token.client.id == client.id {
        return Ok(true);
    }
    if !token.claims.may_be_presented_by(client) {
        return Ok(false);
    }
    match &token.grant {
        Some(grant) => Ok(access_denial(app, client, &grant.granted.user)
            .await?
            .is_none()),
        None => Ok(true),
    }
}
