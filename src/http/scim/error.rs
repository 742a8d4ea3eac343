//! Every error of the SCIM endpoints, and its response.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::error_chain::causes;
use crate::scim::{MEDIA_TYPE, ScimError};
use crate::store::StoreError;

/// Why a request is refused or failed.
#[derive(Debug)]
pub(super) enum ScimFailure {
    /// A SCIM error.
    Scim(ScimError),
    /// The request has no token.
    NoToken,
    /// The token is unknown.
    UnknownToken,
    /// The address sent too many unknown tokens; holds the seconds to wait.
    RateLimited(u64),
    /// The store failed.
    Store(StoreError),
}

impl From<ScimError> for ScimFailure {
    fn from(error: ScimError) -> Self {
        Self::Scim(error)
    }
}

impl From<StoreError> for ScimFailure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl IntoResponse for ScimFailure {
    fn into_response(self) -> Response {
        let (error, header) = match self {
            Self::Scim(error) => (error, None),
            Self::NoToken => (
                ScimError::new(401, "a bearer token is needed"),
                Some((
                    WWW_AUTHENTICATE,
                    HeaderValue::from_static("Bearer realm=\"scim\""),
                )),
            ),
            Self::UnknownToken => (
                ScimError::new(401, "the token is unknown"),
                Some((
                    WWW_AUTHENTICATE,
                    HeaderValue::from_static("Bearer realm=\"scim\", error=\"invalid_token\""),
                )),
            ),
            Self::RateLimited(wait) => (
                ScimError::new(429, format!("too many wrong tokens; try again in {wait} s")),
                Some((RETRY_AFTER, HeaderValue::from(wait))),
            ),
            Self::Store(error) => {
                tracing::error!(causes = causes(&error), "Failed: {error}");
                let detail = "something failed here; the log says what";
                (ScimError::new(500, detail), None)
            }
        };
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = (status, Json(error.body())).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.extend(header);
        response
    }
}
