//! Validates access tokens that are presented to the provider.

use super::access::{check_access, has_access};
use crate::app::App;
use crate::crypto::identifiers::ReplayKey;
use crate::oauth::claims::AccessTokenClaims;
use crate::oauth::grant::ActiveGrant;
use crate::store::StoreError;

/// An active access token.
#[derive(Debug)]
pub struct ActiveAccessToken {
    /// Its claims.
    pub claims: AccessTokenClaims,
    /// Its grant; `None` for a token that a client got for itself (`client_credentials`).
    pub granted: Option<ActiveGrant>,
}

/// Finds the claims and the grant of an access token.
///
/// `None` when it is not an access token of ours, has expired, was revoked, or its grant is not
/// active any more. The client and the user's access are checked as well, though the signature is
/// valid: a token opens nothing once its client is no longer registered (N45, docs/security.md) or
/// its user has lost access to the client (N44).
///
/// # Errors
///
/// When the store fails.
pub async fn find(app: &App, unverified: &str) -> Result<Option<ActiveAccessToken>, StoreError> {
    let now = app.host.clock.now();
    let Some(claims) = read(app, unverified).filter(|claims| claims.exp > now.timestamp()) else {
        return Ok(None);
    };
    let Some(client) = app.clients.get(&claims.client_id) else {
        return Ok(None);
    };
    let granted = match claims.grant() {
        Some(id) => {
            let granted = app.store.active_grant(&id, now).await?.filter(|granted| {
                let client = app.clients.get(granted.grant.client_id.as_str());
                granted.user.subject().as_str() == claims.sub
                    && client.is_some_and(|client| has_access(app, client, granted))
            });
            let Some(granted) = granted else {
                return Ok(None);
            };
            Some(granted)
        }
        None => None,
    };
    // The client revokes its own grant with all tokens. Any other token is revoked by itself, under
    // its `jti`.
    let own = granted
        .as_ref()
        .is_some_and(|granted| granted.grant.client_id.as_str() == claims.client_id);
    if let Some(granted) = granted.as_ref().filter(|_| !own)
        && check_access(app, client, &granted.user).await?.is_some()
    {
        return Ok(None);
    }
    if !own && app.store.contains(&revocation_key(&claims), now).await? {
        return Ok(None);
    }
    Ok(Some(ActiveAccessToken { claims, granted }))
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
