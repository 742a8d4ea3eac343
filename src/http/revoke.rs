//! `POST /revoke`: a client gives up what it was granted (RFC 7009).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};

use super::access_token;
use super::error::Failure;
use super::extract::client::Proven;
use crate::app::App;
use crate::crypto::handle::Digest;
use crate::crypto::refresh_token::RefreshToken;
use crate::oauth::claims::AccessTokenClaims;
use crate::store::StoreError;

/// Revokes the grant a token belongs to, and with it all its tokens: "the authorization server
/// SHOULD also invalidate all access tokens based on the same authorization grant" (RFC 7009 §2.1).
///
/// A token that is unknown, over, or another client's is answered the same, since there is nothing
/// left to do and nothing to learn (§2.2).
///
/// # Errors
///
/// `invalid_request` when the token is missing; `temporarily_unavailable` when the store fails, for
/// then it is *not* revoked (N42).
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    Proven { client, form }: Proven,
) -> Result<StatusCode, Failure> {
    let token = form.sole("token")?;
    let internal = |error| Failure::internal(Failure::Json, error);
    let Some(own) = find(&app, token, client.id.as_str())
        .await
        .map_err(internal)?
    else {
        return Ok(StatusCode::OK);
    };
    match own {
        Revoked::Grant(id) => app.store.revoke(&id).await.map_err(internal)?,
        Revoked::Token(claims) => {
            let until = DateTime::from_timestamp(claims.exp, 0).unwrap_or(DateTime::<Utc>::MAX_UTC);
            let name = access_token::revoked(&claims);
            let spent = app.store.spend(&name, until, app.host.clock.now()).await;
            spent.map_err(internal)?;
        }
    }
    tracing::info!(
        client_id = client.id.as_str(),
        "{} gave up a token",
        client.id.as_str()
    );
    Ok(StatusCode::OK)
}

/// What there is to revoke.
enum Revoked {
    /// A grant, with all it gave.
    Grant(Digest),
    /// A token that has no grant of its client's.
    Token(Box<AccessTokenClaims>),
}

/// What a token stands for that was issued to the client called `client_id`.
async fn find(app: &App, token: &str, client_id: &str) -> Result<Option<Revoked>, StoreError> {
    if let Some(claims) = access_token::read(app, token) {
        if claims.client_id != client_id {
            return Ok(None);
        }
        let Some(id) = claims.grant() else {
            return Ok(Some(Revoked::Token(Box::new(claims))));
        };
        // A token that was exchanged for another client's: that one's login is not ours to end.
        let granted = app.store.granted(&id, app.host.clock.now()).await?;
        return Ok(granted.map(|granted| {
            if granted.grant.client_id.as_str() == client_id {
                Revoked::Grant(id)
            } else {
                Revoked::Token(Box::new(claims))
            }
        }));
    }
    let Some(presented) = RefreshToken::parse(token) else {
        return Ok(None);
    };
    let now = app.host.clock.now();
    let family = app.store.family(&presented.family(), now).await?;
    let own = family.filter(|family| family.granted.grant.client_id.as_str() == client_id);
    Ok(own.map(|family| Revoked::Grant(family.id)))
}
