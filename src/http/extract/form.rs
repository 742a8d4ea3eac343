//! Forms that clients send in the body of a request.

use std::error::Error as _;
use std::io;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest as _, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};

use crate::http::error::OAuthProblem;
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

/// Requires that the media type says that the body is a form.
///
/// # Errors
///
/// `invalid_request`.
pub(crate) fn require_form(headers: &HeaderMap) -> Result<(), OAuthError> {
    if is_form(headers) {
        return Ok(());
    }
    Err(OAuthError::invalid_request(
        "the body is not application/x-www-form-urlencoded",
    ))
}

/// Whether the body is refused because it did not arrive in time.
#[must_use]
pub(crate) fn is_late(rejection: &BytesRejection) -> bool {
    let mut cause = rejection.source();
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Reads the body.
///
/// # Errors
///
/// `invalid_request` when it is too large or incomplete, with 408 when it did not arrive in time.
pub(crate) async fn body(request: Request) -> Result<Bytes, OAuthProblem> {
    let body = Bytes::from_request(request, &()).await;
    body.map_err(|rejection| {
        if is_late(&rejection) {
            let error = OAuthError::invalid_request("the body did not arrive in time");
            return OAuthProblem::from(error).with_status(StatusCode::REQUEST_TIMEOUT);
        }
        OAuthError::invalid_request("the body is too large or broke off").into()
    })
}

/// Parses the form in a body.
///
/// # Errors
///
/// `invalid_request` when it has too many parameters.
pub(crate) fn parse(body: &[u8]) -> Result<Params, OAuthError> {
    Params::parse(body).map_err(|_| OAuthError::invalid_request("there are too many parameters"))
}
