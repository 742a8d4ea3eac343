//! What a client is told that asks too often (RFC 6585 §4).

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::error::body;
use crate::limits::TooOften;
use crate::oauth::error::{ErrorCode, OAuthError};

/// Of the registered codes, the one that says "later". `slow_down` (RFC 8628 §3.5) would be an answer to
/// a client that polls for a device; any other makes clients drop a code or a refresh token that is
/// still good.
pub(super) fn tell(too_often: &TooOften) -> Response {
    let wait = too_often.wait;
    let error = OAuthError::new(
        ErrorCode::TemporarilyUnavailable,
        format!("too many requests; try again in {wait} s"),
    );
    let retry_after = [(RETRY_AFTER, HeaderValue::from(wait))];
    (StatusCode::TOO_MANY_REQUESTS, retry_after, body(&error)).into_response()
}
