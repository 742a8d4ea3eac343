//! Responses that several endpoints share.

use axum::http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};

/// The header of a response that no cache may store.
pub(crate) const NO_STORE: (HeaderName, HeaderValue) =
    (CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// A 303 redirect to `url` that is not cached (RFC 9700 §4.12: never 307).
#[must_use]
pub(super) fn see_other(url: &str) -> Response {
    let location = HeaderValue::from_str(url).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, location), NO_STORE]).into_response()
}

/// Adds cookies to a response.
pub(super) fn set_cookies(response: &mut Response, cookies: impl IntoIterator<Item = String>) {
    for cookie in cookies {
        if let Ok(value) = HeaderValue::try_from(cookie) {
            response.headers_mut().append(SET_COOKIE, value);
        }
    }
}

/// Returns `to` with the cookies of `from`.
pub(super) fn with_cookies(mut to: Response, from: &Response) -> Response {
    for cookie in from.headers().get_all(SET_COOKIE) {
        to.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    to
}

/// The response to a request that opens no page. It is not worth caching, and the ticket is not used up (N64,
/// docs/security.md).
#[must_use]
pub(super) fn nothing_opened() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [NO_STORE]).into_response()
}
