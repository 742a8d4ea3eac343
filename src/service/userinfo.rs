//! What an access token gives its holder to know of a person (OIDC Core §5.3).

use std::sync::Arc;

use super::access_tokens;
use super::error::Error;
use crate::app::App;
use crate::oauth::client::Client;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::grant::Grant;
use crate::oauth::scope::{Scope, Scopes};
use crate::people::Profile;

/// What a token that is good for userinfo stands for.
#[derive(Debug)]
pub struct UserinfoGrant {
    /// The client that holds the token.
    pub client: Arc<Client>,
    /// The grant.
    pub grant: Grant,
    /// The person.
    pub profile: Profile,
    /// The scopes of the token.
    pub scopes: Scopes,
}

/// Finds what the token in `unverified` stands for.
///
/// # Errors
///
/// `invalid_token` when the token is no good, `insufficient_scope` when it has no `openid`.
pub async fn authorize(app: &App, unverified: &str) -> Result<UserinfoGrant, Error> {
    let invalid = || {
        let description = "the access token is unknown, expired or revoked";
        OAuthError::new(ErrorCode::InvalidToken, description)
    };
    let found = access_tokens::find(app, unverified).await?;
    let found = found.ok_or_else(invalid)?;
    let (token, granted) = (found.claims, found.granted.ok_or_else(invalid)?);
    let client = app.clients.get(&token.client_id).ok_or_else(invalid)?;
    let scopes = Scopes::parse(&token.scope);
    if !scopes.contains(Scope::Openid) {
        return Err(insufficient_scope("userinfo needs the scope openid").into());
    }
    // Only a token that was exchanged is another client's than its grant, and it has no `openid`.
    if granted.grant.client_id.as_str() != token.client_id {
        return Err(invalid().into());
    }
    Ok(UserinfoGrant {
        client: Arc::clone(client),
        profile: app.profile(granted.user, granted.link),
        grant: granted.grant,
        scopes,
    })
}

/// The token is good, and not for this (RFC 6750 §3.1).
#[must_use]
pub fn insufficient_scope(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InsufficientScope, description)
}
