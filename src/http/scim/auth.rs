//! Authenticates requests by a bearer token (RFC 6750) of `[[admin.tokens]]`, and checks its scopes.

use axum::extract::{FromRequestParts as _, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::error::ScimFailure;
use super::state::ScimState;
use crate::config::{AdminScope, AdminToken};
use crate::http::extract::admin_token::{TokenRefusal, admin_token};
use crate::http::extract::client_ip::ClientIp;
use crate::scim::ScimError;

/// The layer that refuses requests without a known token. Wrong tokens are rate-limited by address.
pub(super) async fn authenticate(
    State(state): State<ScimState>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(ClientIp(address)) = ClientIp::from_request_parts(&mut parts, &state.app).await;
    let token = match admin_token(&mut parts, &state.app, "SCIM").await {
        Ok(token) => token,
        Err(refusal) => {
            let failure = match refusal {
                TokenRefusal::Missing => ScimFailure::NoToken,
                TokenRefusal::Unknown => ScimFailure::UnknownToken,
                TokenRefusal::RateLimited(seconds) => ScimFailure::RateLimited(seconds),
            };
            return failure.into_response();
        }
    };
    // The log has the route, not the URL: a query contains names and telephone numbers.
    let route = parts.extensions.get::<MatchedPath>().cloned();
    let (name, method) = (token.name.clone(), parts.method.clone());
    parts.extensions.insert(token);
    let response = next.run(Request::from_parts(parts, body)).await;
    let route = route.as_ref().map_or("unknown", MatchedPath::as_str);
    let status = response.status().as_u16();
    tracing::info!(token.name = %name, %address, status, "{name} asked: {method} {route}");
    response
}

/// The layer that requires `scope` of the token.
pub(super) async fn require_scope(scope: AdminScope, request: Request, next: Next) -> Response {
    let token = request.extensions().get::<AdminToken>();
    if token.is_some_and(|token| token.has_scope(scope)) {
        return next.run(request).await;
    }
    ScimFailure::from(ScimError::new(
        403,
        "the token is not good for this endpoint",
    ))
    .into_response()
}
