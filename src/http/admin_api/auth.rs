//! Authenticates requests by a bearer token (RFC 6750) of the store, and checks its scopes.

use std::sync::Arc;

use axum::extract::{FromRequestParts as _, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::problem::{Kind, Problem, joined};
use crate::admin::{Scope, Token, hash_of};
use crate::app::App;
use crate::http::extract::authorization;
use crate::http::extract::client_ip::ClientIp;

/// The layer that refuses requests without a valid token. Wrong tokens are rate-limited by address.
pub(super) async fn authenticate(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(ClientIp(address)) = ClientIp::from_request_parts(&mut parts, &app).await;
    let header = authorization::header(&parts.headers).ok().flatten();
    let Some(presented) = header.and_then(authorization::bearer) else {
        tracing::debug!(%address, "Refused: no token was presented to the admin API");
        return Problem::new(
            Kind::NoToken,
            "the request has no single Authorization: Bearer header",
        )
        .with_remedy("make a token with `panda-oidc tokens create`")
        .into_response();
    };
    let token = match find(&app, presented).await {
        Ok(token) => token,
        Err(problem) => return problem.into_response(),
    };
    let Some(token) = token else {
        if let Err(too_often) = app.limits.wrong_tokens.check_address(address) {
            if too_often.should_log {
                tracing::warn!(%address, "Refused: {too_often}, with wrong tokens for the admin API");
            }
            let wait = too_often.retry_after_secs;
            let detail = format!("this address sent too many wrong tokens; try again in {wait} s");
            return Problem::new(Kind::RateLimited(wait), detail).into_response();
        }
        tracing::warn!(%address, "Refused: the token presented to the admin API is unknown, expired or revoked");
        return Problem::new(
            Kind::InvalidToken,
            "the token is unknown, expired or revoked",
        )
        .with_remedy("make a token with `panda-oidc tokens create`")
        .into_response();
    };
    // The log has the route, not the URL: a path contains identifiers of people.
    let route = parts.extensions.get::<MatchedPath>().cloned();
    let (name, id, method) = (token.name.clone(), token.id.clone(), parts.method.clone());
    parts.extensions.insert(token);
    let response = next.run(Request::from_parts(parts, body)).await;
    let route = route.as_ref().map_or("unknown", MatchedPath::as_str);
    let status = response.status().as_u16();
    tracing::info!(token.name = %name, token.id = %id, %address, status, "{name} asked: {method} {route}");
    response
}

/// The valid token with this secret.
async fn find(app: &App, presented: &str) -> Result<Option<Token>, Problem> {
    let Some(hash) = hash_of(presented) else {
        return Ok(None);
    };
    let token = app.store.admin_token(&hash).await?;
    let now = app.host.clock.now();
    Ok(token.filter(|token| token.is_valid(now)))
}

/// The layer that requires all of `scopes` of the token.
pub(super) async fn require_scopes(
    scopes: &'static [Scope],
    request: Request,
    next: Next,
) -> Response {
    let token = request.extensions().get::<Token>();
    if token.is_some_and(|token| scopes.iter().all(|scope| token.has(*scope))) {
        return next.run(request).await;
    }
    let detail = format!("the request needs a token with {}", joined(scopes));
    Problem::new(Kind::InsufficientScope(scopes), detail)
        .with_remedy("make a token with these scopes: `panda-oidc tokens create`")
        .into_response()
}
