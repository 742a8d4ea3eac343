//! The bearer token (RFC 6750) of a request to the admin listener.

use std::sync::Arc;

use axum::extract::FromRequestParts as _;
use axum::http::request::Parts;

use super::authorization;
use super::client_ip::ClientIp;
use crate::app::App;
use crate::config::AdminToken;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenRefusal {
    /// There is no token.
    Missing,
    /// The token is not one of `[[admin.tokens]]`.
    Unknown,
    /// The address has sent too many wrong tokens; it may send the next one after so many seconds.
    RateLimited(u64),
}

/// The token of the only `Authorization: Bearer` header. Wrong ones are rate-limited by address, and logged with
/// the name of the `endpoint`.
///
/// # Errors
///
/// [`TokenRefusal`].
pub(crate) async fn admin_token(
    parts: &mut Parts,
    app: &Arc<App>,
    endpoint: &str,
) -> Result<AdminToken, TokenRefusal> {
    let Ok(ClientIp(address)) = ClientIp::from_request_parts(parts, app).await;
    let header = authorization::header(&parts.headers).ok().flatten();
    let Some(presented) = header.and_then(authorization::bearer) else {
        tracing::debug!(%address, "Refused: no token was presented to {endpoint}");
        return Err(TokenRefusal::Missing);
    };
    if let Some(token) = app.admin.token(presented) {
        return Ok(token.clone());
    }
    if let Err(too_often) = app.limits.wrong_tokens.check_address(address) {
        if too_often.should_log {
            tracing::warn!(%address, "Refused: {too_often}, with wrong tokens for {endpoint}");
        }
        return Err(TokenRefusal::RateLimited(too_often.retry_after_secs));
    }
    tracing::warn!(%address, "Refused: the token presented to {endpoint} is unknown");
    Err(TokenRefusal::Unknown)
}
