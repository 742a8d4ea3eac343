//! Validates access tokens that are presented to the provider.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::access::{access_denial, has_access};
use crate::app::App;
use crate::crypto::identifiers::{GrantId, ReplayKey};
use crate::oauth::claims::AccessTokenClaims;
use crate::oauth::client::Client;
use crate::oauth::grant::ActiveGrant;
use crate::oauth::resource::is_still_allowed;
use crate::past::is_alive;
use crate::store::StoreError;

/// An active access token.
#[derive(Debug)]
pub struct ActiveAccessToken {
    /// Its claims.
    pub claims: AccessTokenClaims,
    /// The client it was issued to.
    pub client: Arc<Client>,
    /// Its grant; `None` for a token that a client got for itself (`client_credentials`).
    pub grant: Option<TokenGrant>,
}

/// The grant behind an access token.
#[derive(Debug)]
pub struct TokenGrant {
    /// Its identifier.
    pub id: GrantId,
    /// The grant and its user.
    pub granted: ActiveGrant,
    /// Whether it was granted to the client of the token. A token exchange yields a token that
    /// belongs to another client's grant.
    pub is_own: bool,
}

/// Finds the claims, the client and the grant of an access token.
///
/// `None` when it is not an access token of ours, has expired or is dated further ahead than it lives, was revoked, or
/// its grant is not active any more. A valid signature is not enough: a token is refused once its client is no longer
/// registered or may ask for none of the resources in its audience (N45, docs/security.md), or its
/// user has lost access to the client (N44). The audience that is found lacks those that the client
/// may not ask for any more.
///
/// # Errors
///
/// When the store fails.
pub async fn find(app: &App, unverified: &str) -> Result<Option<ActiveAccessToken>, StoreError> {
    let now = app.host.clock.now();
    let lives = |claims: &AccessTokenClaims| {
        let times = [claims.iat, claims.exp].map(|time| DateTime::from_timestamp(time, 0));
        matches!(times, [Some(start), Some(end)] if is_alive(start, end, now))
    };
    let Some(claims) = read(app, unverified).filter(lives) else {
        return Ok(None);
    };
    let Some(client) = app.clients.get(&claims.client_id).map(Arc::clone) else {
        return Ok(None);
    };
    let is_allowed = |name: &str| is_still_allowed(name, &client, app.issuer.as_str());
    let Some(aud) = claims.aud.filtered(is_allowed) else {
        return Ok(None);
    };
    let claims = AccessTokenClaims { aud, ..claims };
    let grant = match claims.grant() {
        Some(id) => {
            let Some(grant) = find_grant(app, id, &claims, &client, now).await? else {
                return Ok(None);
            };
            Some(grant)
        }
        None => None,
    };
    // The client revokes its own grant with all tokens. Any other token is revoked by itself, under
    // its `jti`.
    let has_own_grant = grant.as_ref().is_some_and(|grant| grant.is_own);
    if !has_own_grant && app.store.contains(&revocation_key(&claims), now).await? {
        return Ok(None);
    }
    Ok(Some(ActiveAccessToken {
        claims,
        client,
        grant,
    }))
}

/// Finds the grant `id` of a token of `client`, if it is active and its user has access to the
/// client it was granted to, and to `client`.
async fn find_grant(
    app: &App,
    id: GrantId,
    claims: &AccessTokenClaims,
    client: &Client,
    now: DateTime<Utc>,
) -> Result<Option<TokenGrant>, StoreError> {
    let granted = app.store.active_grant(&id, now).await?.filter(|granted| {
        let grantee = app.clients.get(granted.grant.client_id.as_str());
        granted.user.subject().as_str() == claims.sub
            && grantee.is_some_and(|grantee| has_access(app, grantee, granted))
    });
    let Some(granted) = granted else {
        return Ok(None);
    };
    let is_own = granted.grant.client_id == client.id;
    if !is_own && access_denial(app, client, &granted.user).await?.is_some() {
        return Ok(None);
    }
    Ok(Some(TokenGrant {
        id,
        granted,
        is_own,
    }))
}

/// The key under which the store remembers a token that was revoked without its grant.
#[must_use]
pub fn revocation_key(claims: &AccessTokenClaims) -> ReplayKey {
    ReplayKey::of(format!("revoked\0{}", claims.jti).as_bytes())
}

/// The claims of an access token that we signed, expired or not.
#[must_use]
pub fn read(app: &App, unverified: &str) -> Option<AccessTokenClaims> {
    let token = app.keys.verify::<AccessTokenClaims>(unverified)?;
    Some(token.claims).filter(|claims| claims.iss == app.issuer.as_str())
}
