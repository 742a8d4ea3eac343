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
    let of_client = |error: ClientError| error.of_client(client.id.as_str());
    let token = form
        .require("token")
        .map_err(|error| of_client(error.into()))?;
    let revoked = revocation::revoke(&app, &client, token).await;
    revoked.map_err(|error| of_client(error.into()))?;
    Ok(StatusCode::OK)
}
