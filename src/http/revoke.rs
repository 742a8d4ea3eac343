//! `POST /revoke`: a client revokes a token (RFC 7009).

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use super::error::ClientError;
use super::extract::client::AuthenticatedClient;
use crate::app::App;
use crate::service::revocation;

/// `POST /revoke`.
///
/// # Errors
///
/// `invalid_request` when the token is missing; `temporarily_unavailable` when the store fails.
pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    AuthenticatedClient { client, form, .. }: AuthenticatedClient,
) -> Result<StatusCode, ClientError> {
    let token = form.require("token")?;
    revocation::revoke(&app, &client, token).await?;
    Ok(StatusCode::OK)
}
