//! A client gives up what it was granted (RFC 7009).

use chrono::{DateTime, Utc};

use super::access_tokens;
use crate::app::App;
use crate::crypto::identifiers::GrantId;
use crate::crypto::refresh_token::RefreshToken;
use crate::oauth::claims::AccessTokenClaims;
use crate::oauth::client::Client;
use crate::store::StoreError;

/// Revokes the grant that `token` belongs to, and with it all its tokens: "the authorization server
/// SHOULD also invalidate all access tokens based on the same authorization grant" (RFC 7009 §2.1).
///
/// A token that is unknown, over, or another client's changes nothing and is no error, since there is
/// nothing left to do and nothing to learn (§2.2).
///
/// # Errors
///
/// When the store fails, for then the token is *not* revoked (N42).
pub async fn revoke(app: &App, client: &Client, token: &str) -> Result<(), StoreError> {
    match find(app, token, client.id.as_str()).await? {
        None => return Ok(()),
        Some(Revocable::Grant(id)) => app.store.revoke(&id).await?,
        Some(Revocable::Token(claims)) => {
            let until = DateTime::from_timestamp(claims.exp, 0).unwrap_or(DateTime::<Utc>::MAX_UTC);
            let name = access_tokens::revocation_name(&claims);
            app.store
                .insert_once(&name, until, app.host.clock.now())
                .await?;
        }
    }
    let client_id = client.id.as_str();
    tracing::info!(client_id, "{client_id} gave up a token");
    Ok(())
}

/// What there is to revoke.
enum Revocable {
    /// A grant, with all it gave.
    Grant(GrantId),
    /// A token that has no grant of its client's.
    Token(Box<AccessTokenClaims>),
}

/// What a token stands for that was issued to the client called `client_id`.
async fn find(app: &App, token: &str, client_id: &str) -> Result<Option<Revocable>, StoreError> {
    let now = app.host.clock.now();
    if let Some(claims) = access_tokens::read(app, token) {
        if claims.client_id != client_id {
            return Ok(None);
        }
        let Some(id) = claims.grant() else {
            return Ok(Some(Revocable::Token(Box::new(claims))));
        };
        // A token that was exchanged for another client's: that one's login is not ours to end.
        let granted = app.store.active_grant(&id, now).await?;
        return Ok(granted.map(|granted| {
            if granted.grant.client_id.as_str() == client_id {
                Revocable::Grant(id)
            } else {
                Revocable::Token(Box::new(claims))
            }
        }));
    }
    let Some(presented) = RefreshToken::parse(token) else {
        return Ok(None);
    };
    let family = app.store.family(&presented.family(), now).await?;
    let own = family.filter(|family| family.granted.grant.client_id.as_str() == client_id);
    Ok(own.map(|family| Revocable::Grant(family.id)))
}
