//! The `Authorization` header (RFC 9110 §11.6.2).

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};

use crate::oauth::error::OAuthError;

/// The only `Authorization` header; `None` if there is none.
///
/// # Errors
///
/// `invalid_request` when there are several.
pub(crate) fn header(headers: &HeaderMap) -> Result<Option<&HeaderValue>, OAuthError> {
    let mut all = headers.get_all(AUTHORIZATION).into_iter();
    match (all.next(), all.next()) {
        (_, Some(_)) => Err(OAuthError::invalid_request(
            "there is more than one Authorization header",
        )),
        (header, None) => Ok(header),
    }
}

/// The only header with the scheme `Basic`, by which a client authenticates itself; `None` if there is
/// none. A header with another scheme authenticates no client and is passed over: interceptors of a
/// page, proxies and HTTP libraries add theirs to every request.
///
/// # Errors
///
/// `invalid_request` when there are several.
pub(crate) fn basic(headers: &HeaderMap) -> Result<Option<&HeaderValue>, OAuthError> {
    let mut all = headers
        .get_all(AUTHORIZATION)
        .into_iter()
        .filter(|header| is_basic(header));
    match (all.next(), all.next()) {
        (_, Some(_)) => Err(OAuthError::invalid_request(
            "there is more than one Authorization header with the scheme Basic",
        )),
        (header, None) => Ok(header),
    }
}

/// Whether one of the `Authorization` headers has the scheme `Basic`.
pub(crate) fn has_basic(headers: &HeaderMap) -> bool {
    headers.get_all(AUTHORIZATION).iter().any(is_basic)
}

fn is_basic(header: &HeaderValue) -> bool {
    let mut words = header.as_bytes().split(u8::is_ascii_whitespace);
    words
        .next()
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"Basic"))
}

/// The token of a header with the scheme `Bearer` (RFC 6750 §2.1); `None` for another scheme.
pub(crate) fn bearer(header: &HeaderValue) -> Option<&str> {
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}
