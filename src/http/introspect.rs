//! `POST /introspect`: is this token good, and for what (RFC 7662).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse as _, Response};

use super::access_token;
use super::admission::{closed, is_open};
use super::error::Failure;
use super::extract::client::Proven;
use crate::app::App;
use crate::crypto::refresh_token::RefreshToken;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::introspection::{self, Introspection};

/// Answers a client about a token of its own, or one that is for it.
///
/// # Errors
///
/// `invalid_client` also for a client without credentials: anybody could ask in its name
/// (RFC 7662 §2.1); `invalid_request` when the token is missing.
pub(super) async fn introspect(
    State(app): State<Arc<App>>,
    Proven { client, form }: Proven,
) -> Result<Response, Failure> {
    if client.is_public() {
        return Err(OAuthError::new(
            ErrorCode::InvalidClient,
            "introspection needs a client that proves itself",
        )
        .into());
    }
    let token = form.sole("token")?;
    let internal = |error| Failure::internal(Failure::Json, error);
    if let Some(found) = access_token::find(&app, token).await.map_err(internal)? {
        let (claims, granted) = (&found.claims, found.granted.as_ref());
        // A service learns nothing of people it is not open to.
        if let Some(granted) = granted.filter(|_| claims.client_id != client.id.as_str())
            && closed(&app, &client, &granted.user)
                .await
                .map_err(internal)?
                .is_some()
        {
            return Ok(answer(&introspection::inactive()));
        }
        return Ok(answer(&introspection::access_token(
            claims, granted, &client,
        )));
    }
    let Some(presented) = RefreshToken::parse(token) else {
        return Ok(answer(&introspection::inactive()));
    };
    let now = app.host.clock.now();
    let family = app.store.family(&presented.family(), now).await;
    let family = family.map_err(internal)?;
    Ok(
        match family.filter(|family| {
            family.latest == presented.digest() && is_open(&app, &client, &family.granted)
        }) {
            Some(family) => answer(&introspection::refresh_token(
                &family.granted,
                &family.granted.grant.scopes.to_string(),
                family.expires_at.timestamp(),
                app.issuer.as_str(),
                &client,
            )),
            None => answer(&introspection::inactive()),
        },
    )
}

fn answer(introspection: &Introspection<'_>) -> Response {
    let no_store = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (no_store, Json(introspection)).into_response()
}
