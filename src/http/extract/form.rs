//! Forms that clients send in the body of a request.

use axum::body::Bytes;
use axum::extract::{FromRequest as _, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;

use crate::oauth::error::OAuthError;
use crate::oauth::params::Params;

/// Whether the media type says that the body is a form.
#[must_use]
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Reads the body.
///
/// # Errors
///
/// `invalid_request` when it is too large or incomplete.
pub(crate) async fn body(request: Request) -> Result<Bytes, OAuthError> {
    let body = Bytes::from_request(request, &()).await;
    body.map_err(|_| OAuthError::invalid_request("the body is too large or broke off"))
}

/// Parses the form in a body.
///
/// # Errors
///
/// `invalid_request` when it has too many parameters.
pub(crate) fn parse(body: &[u8]) -> Result<Params, OAuthError> {
    Params::parse(body).map_err(|_| OAuthError::invalid_request("there are too many parameters"))
}
