//! `POST /introspect`: whether a token is active and what it grants (RFC 7662).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};

use super::error::ClientError;
use super::extract::client::AuthenticatedClient;
use super::response::NO_STORE;
use crate::app::App;
use crate::oauth::introspection;
use crate::service::introspection::{TokenState, introspect as look_up};

/// `POST /introspect`.
///
/// # Errors
///
/// `invalid_client` also for a client without credentials (RFC 7662 §2.1); `invalid_request` when the
/// token is missing.
pub(super) async fn introspect(
    State(app): State<Arc<App>>,
    AuthenticatedClient { client, form, .. }: AuthenticatedClient,
) -> Result<Response, ClientError> {
    let state = look_up(&app, &client, &form).await;
    let state = state.map_err(|error| ClientError::from(error).of_client(client.id.as_str()))?;
    let body = match &state {
        TokenState::Inactive => introspection::inactive(),
        TokenState::AccessToken(found) => {
            let granted = found.grant.as_ref().map(|grant| &grant.granted);
            introspection::access_token(&found.claims, granted)
        }
        TokenState::RefreshToken(family) => introspection::refresh_token(
            &family.granted,
            family.expires_at.timestamp(),
            app.issuer.as_str(),
        ),
    };
    Ok(([NO_STORE], Json(body)).into_response())
}
