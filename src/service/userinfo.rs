//! Authorizes userinfo requests (OIDC Core §5.3).

use std::sync::Arc;

use super::access_tokens;
use super::error::Error;
use crate::app::App;
use crate::oauth::client::Client;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::grant::{ActiveGrant, Grant};
use crate::oauth::scope::{Scope, Scopes};
use crate::people::Profile;

/// The grant behind an access token that permits userinfo.
#[derive(Debug)]
pub struct UserinfoGrant {
    /// The client that holds the token.
    pub client: Arc<Client>,
    /// The grant.
    pub grant: Grant,
    /// The user's profile.
    pub profile: Profile,
    /// The scopes of the token.
    pub scopes: Scopes,
}

/// Finds the grant of the access token in `unverified`.
///
/// # Errors
///
/// `invalid_token` when the token is not active, `insufficient_scope` when it lacks `openid`.
pub async fn authorize(app: &App, unverified: &str) -> Result<UserinfoGrant, Error> {
    let invalid = || {
        let description = "the access token is unknown, expired or revoked";
        OAuthError::new(ErrorCode::InvalidToken, description)
    };
    let found = access_tokens::find(app, unverified).await?;
    let token = found.ok_or_else(invalid)?;
    let grant = token.grant.ok_or_else(invalid)?;
    let scopes = Scopes::parse(&token.claims.scope);
    if !scopes.contains(Scope::Openid) {
        return Err(insufficient_scope("userinfo needs the scope openid").into());
    }
    // Only an exchanged token can belong to another client than its grant, and such a token never
    // has `openid`.
    if !grant.is_own {
        return Err(invalid().into());
    }
    let ActiveGrant { grant, user, link } = grant.granted;
    Ok(UserinfoGrant {
        client: token.client,
        profile: app.profile(user, link),
        grant,
        scopes,
    })
}

/// The token is active, but lacks the scope for this request (RFC 6750 §3.1).
#[must_use]
pub fn insufficient_scope(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InsufficientScope, description)
}
