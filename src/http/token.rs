//! `POST /token`: exchanges a grant for tokens (RFC 6749 §3.2).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::PRAGMA;
use axum::response::{IntoResponse as _, Response};

use super::error::ClientError;
use super::extract::client::AuthenticatedClient;
use super::response::NO_STORE;
use crate::app::App;
use crate::service::tokens;

/// `POST /token`.
///
/// # Errors
///
/// [`ClientError`] with a registered code.
pub(super) async fn token(
    State(app): State<Arc<App>>,
    AuthenticatedClient {
        client,
        form,
        address,
    }: AuthenticatedClient,
) -> Result<Response, ClientError> {
    let tokens = tokens::issue_tokens(&app, &client, &form, address).await;
    let tokens = tokens.map_err(|error| ClientError::from(error).of_client(client.id.as_str()))?;
    // RFC 6749 §5.1 requires both headers.
    let no_store = [NO_STORE, (PRAGMA, HeaderValue::from_static("no-cache"))];
    Ok((no_store, Json(tokens)).into_response())
}
