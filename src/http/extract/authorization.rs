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

/// The token of a header with the scheme `Bearer` (RFC 6750 §2.1); `None` for another scheme.
pub(crate) fn bearer(header: &HeaderValue) -> Option<&str> {
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}
