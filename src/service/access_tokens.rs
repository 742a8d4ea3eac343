//! An access token that comes back: whether it is ours and still good.

use super::access::{denial, is_open};
use crate::app::App;
use crate::crypto::identifiers::ReplayKey;
use crate::oauth::claims::AccessTokenClaims;
use crate::oauth::grant::ActiveGrant;
use crate::store::StoreError;

/// An access token that is good.
#[derive(Debug)]
pub struct Found {
    /// What it says.
    pub claims: AccessTokenClaims,
    /// The grant it belongs to; none for a token of a client's own.
    pub granted: Option<ActiveGrant>,
}

/// Finds what a token stands for. `None` when it is not an access token of ours, has expired, was
/// revoked or its grant does not stand, though its signature may hold; or when its client is
/// registered no more (N45), or no longer open to the person (N44).
///
/// # Errors
///
/// When the store fails.
pub async fn find(app: &App, unverified: &str) -> Result<Option<Found>, StoreError> {
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
                    && client.is_some_and(|client| is_open(app, client, granted))
            });
            let Some(granted) = granted else {
                return Ok(None);
            };
            Some(granted)
        }
        None => None,
    };
    // What is not its client's to end with a grant was given up by itself.
    let own = granted
        .as_ref()
        .is_some_and(|granted| granted.grant.client_id.as_str() == claims.client_id);
    if let Some(granted) = granted.as_ref().filter(|_| !own)
        && denial(app, client, &granted.user).await?.is_some()
    {
        return Ok(None);
    }
    if !own && app.store.contains(&revocation_name(&claims), now).await? {
        return Ok(None);
    }
    Ok(Some(Found { claims, granted }))
}

/// The name under which a token is remembered that was revoked by itself.
#[must_use]
pub fn revocation_name(claims: &AccessTokenClaims) -> ReplayKey {
    ReplayKey::of(format!("revoked\0{}", claims.jti).as_bytes())
}

/// What a token of ours says, expired or not.
#[must_use]
pub fn read(app: &App, unverified: &str) -> Option<AccessTokenClaims> {
    let token = app.keys.verify::<AccessTokenClaims>(unverified)?;
    Some(token.claims).filter(|claims| claims.iss == app.issuer.as_str())
}
