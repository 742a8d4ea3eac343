//! An access token comes back: whether it is ours and still good.

use crate::app::App;
use crate::handle::Digest;
use crate::oauth::claims::AccessTokenClaims;
use crate::oauth::grant::Granted;
use crate::store::StoreError;

/// An access token that is good.
pub(super) struct Found {
    /// What it says.
    pub claims: AccessTokenClaims,
    /// The grant it belongs to; none for a token of a client's own.
    pub granted: Option<Granted>,
}

/// Finds what a token stands for. `None` when it is not an access token of ours, has expired, or
/// was revoked or its grant does not stand, though its signature may hold.
pub(super) async fn find(app: &App, unverified: &str) -> Result<Option<Found>, StoreError> {
    let now = app.host.clock.now();
    let Some(claims) = read(app, unverified).filter(|claims| claims.exp > now.timestamp()) else {
        return Ok(None);
    };
    let Some(id) = claims.grant() else {
        let revoked = app.store.is_spent(&revoked(&claims), now).await?;
        return Ok((!revoked).then_some(Found {
            claims,
            granted: None,
        }));
    };
    let granted = app.store.granted(&id, now).await?;
    let granted = granted.filter(|granted| granted.user.subject().as_str() == claims.sub);
    Ok(granted.map(|granted| Found {
        claims,
        granted: Some(granted),
    }))
}

/// The name under which a token without a grant is remembered once it was revoked.
pub(super) fn revoked(claims: &AccessTokenClaims) -> Digest {
    Digest::of(format!("revoked\0{}", claims.jti).as_bytes())
}

/// What a token of ours says, expired or not.
pub(super) fn read(app: &App, unverified: &str) -> Option<AccessTokenClaims> {
    let token = app.keys.verify::<AccessTokenClaims>(unverified)?;
    Some(token.claims).filter(|claims| claims.iss == app.issuer.as_str())
}
