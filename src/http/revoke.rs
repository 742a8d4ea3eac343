//! `POST /revoke`: a client gives up what it was granted (RFC 7009).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use super::access_token;
use super::failure::Failure;
use super::proven::Proven;
use crate::app::App;
use crate::handle::Digest;
use crate::refresh_token::RefreshToken;
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
    if let Some(id) = grant_of(&app, token, client.id.as_str())
        .await
        .map_err(internal)?
    {
        app.store.revoke(&id).await.map_err(internal)?;
        tracing::info!(
            client_id = client.id.as_str(),
            "{} gave up a grant",
            client.id.as_str()
        );
    }
    Ok(StatusCode::OK)
}

/// The grant of a token that was issued to the client called `client_id`.
async fn grant_of(app: &App, token: &str, client_id: &str) -> Result<Option<Digest>, StoreError> {
    if let Some(claims) = access_token::read(app, token) {
        return Ok(claims.grant().filter(|_| claims.client_id == client_id));
    }
    let Some(presented) = RefreshToken::parse(token) else {
        return Ok(None);
    };
    let now = app.host.clock.now();
    let family = app.store.family(&presented.family(), now).await?;
    let own = family.filter(|family| family.granted.grant.client_id.as_str() == client_id);
    Ok(own.map(|family| family.id))
}
