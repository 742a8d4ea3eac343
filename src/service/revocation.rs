//! Token revocation (RFC 7009).

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::audit::About;
use super::{access_tokens, logout};
use crate::app::App;
use crate::audit::SignOutCause;
use crate::crypto::identifiers::GrantId;
use crate::crypto::refresh_token::RefreshToken;
use crate::oauth::claims::AccessTokenClaims;
use crate::oauth::client::Client;
use crate::oauth::grant::Grant;
use crate::store::StoreError;

/// Revokes the grant of `token` with all its tokens: "the authorization server
/// SHOULD also invalidate all access tokens based on the same authorization grant" (RFC 7009 §2.1).
///
/// A client that exchanged a ticket signs the person out by this: the session ends, so the ticket is
/// spent (N62, docs/security.md). There is no other logout for them, since no browser has the session.
///
/// A token that is unknown, expired, or another client's is not an error (§2.2): nothing is left to
/// revoke, and the response must not reveal which it was.
///
/// # Errors
///
/// When the store fails: the token is then *not* revoked, and the response must not claim that it
/// is (N42, docs/security.md).
pub async fn revoke(app: &Arc<App>, client: &Client, token: &str) -> Result<(), StoreError> {
    match find(app, token, client.id.as_str()).await? {
        None => return Ok(()),
        Some(Revocable::Grant(id, grant)) if grant.is_of_ticket_exchange() => {
            let about = About {
                client_id: Some(client.id.to_string()),
                ..About::default()
            };
            let ended = logout::end(app, &grant.sid, None, SignOutCause::Revocation, about).await?;
            if ended.is_empty() {
                // The session expired long ago, and the grant is offline.
                app.store.revoke(&id).await?;
            }
        }
        Some(Revocable::Grant(id, _)) => app.store.revoke(&id).await?,
        Some(Revocable::Token(claims)) => {
            let until = DateTime::from_timestamp(claims.exp, 0).unwrap_or(DateTime::<Utc>::MAX_UTC);
            let key = access_tokens::revocation_key(&claims);
            app.store
                .insert_once(&key, until, app.host.clock.now())
                .await?;
        }
    }
    let client_id = client.id.as_str();
    tracing::info!(client_id, "{client_id} gave up a token");
    Ok(())
}

/// What a revocation request revokes.
enum Revocable {
    /// A grant, with all its tokens.
    Grant(GrantId, Box<Grant>),
    /// A single token, which has no grant or another client's grant.
    Token(Box<AccessTokenClaims>),
}

/// Finds what to revoke for a token that was issued to the client `client_id`.
async fn find(app: &App, token: &str, client_id: &str) -> Result<Option<Revocable>, StoreError> {
    let now = app.host.clock.now();
    if let Some(claims) = access_tokens::read(app, token) {
        if claims.client_id != client_id {
            return Ok(None);
        }
        let Some(id) = claims.grant() else {
            return Ok(Some(Revocable::Token(Box::new(claims))));
        };
        // The token came from a token exchange, so the grant may be another client's. Only the
        // token is revoked then, not the grant.
        let granted = app.store.active_grant(&id, now).await?;
        return Ok(granted.map(|granted| {
            if granted.grant.client_id.as_str() == client_id {
                Revocable::Grant(id, Box::new(granted.grant))
            } else {
                Revocable::Token(Box::new(claims))
            }
        }));
    }
    let Some(refresh_token) = RefreshToken::parse(token) else {
        return Ok(None);
    };
    let family = app.store.family(&refresh_token.family(), now).await?;
    let own = family.filter(|family| family.granted.grant.client_id.as_str() == client_id);
    Ok(own.map(|family| Revocable::Grant(family.id, Box::new(family.granted.grant))))
}
