//! An access token comes back: whether it is ours and still good.

use crate::app::App;
use crate::oauth::claims::AccessTokenClaims;
use crate::oauth::grant::Granted;
use crate::store::StoreError;

/// What a token says, and the grant it belongs to. `None` when it is not an access token of ours,
/// has expired, or its grant does not stand, though its signature may hold.
pub(super) async fn find(
    app: &App,
    unverified: &str,
) -> Result<Option<(AccessTokenClaims, Granted)>, StoreError> {
    let now = app.host.clock.now();
    let Some(claims) = read(app, unverified).filter(|claims| claims.exp > now.timestamp()) else {
        return Ok(None);
    };
    let Some(id) = claims.grant() else {
        return Ok(None);
    };
    let granted = app.store.granted(&id, now).await?.filter(|granted| {
        granted.grant.client_id.as_str() == claims.client_id
            && granted.user.subject().as_str() == claims.sub
    });
    Ok(granted.map(|granted| (claims, granted)))
}

/// What a token of ours says, expired or not.
pub(super) fn read(app: &App, unverified: &str) -> Option<AccessTokenClaims> {
    let token = app.keys.verify::<AccessTokenClaims>(unverified)?;
    Some(token.claims).filter(|claims| claims.iss == app.issuer.as_str())
}
