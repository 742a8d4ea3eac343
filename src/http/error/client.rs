//! Error responses at the endpoints that clients call: a registered error code, as JSON (RFC 6749
//! §5.2).

use std::error::Error;

use axum::Json;
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::log_entry::LogEntry;
use crate::limits::RateLimited;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::service::error::{self as service, unavailable};
use crate::store::StoreError;

/// Why a client's request failed.
#[derive(Debug)]
pub(crate) enum ClientError {
    /// The request is refused.
    Refused(OAuthError),
    /// Something failed that the operator has to know about.
    Failed(OAuthError, Box<dyn Error + Send + Sync>),
    /// The request is refused, and the client used the `Authorization` header to authenticate.
    Challenge(Box<ClientError>),
    /// The client sends too many requests (RFC 6585 §4).
    RateLimited(RateLimited),
}

impl From<OAuthError> for ClientError {
    fn from(error: OAuthError) -> Self {
        Self::Refused(error)
    }
}

impl From<StoreError> for ClientError {
    fn from(error: StoreError) -> Self {
        Self::Failed(unavailable(), error.into())
    }
}

impl From<RateLimited> for ClientError {
    fn from(too_often: RateLimited) -> Self {
        Self::RateLimited(too_often)
    }
}

impl From<service::Error> for ClientError {
    fn from(error: service::Error) -> Self {
        let oauth_error = error.to_oauth();
        match error {
            service::Error::Refused(_) => Self::Refused(oauth_error),
            service::Error::NotSignedIn(_, error) => Self::Failed(oauth_error, error.into()),
            service::Error::Store(error) => Self::Failed(oauth_error, error.into()),
            service::Error::Signing(error) => Self::Failed(oauth_error, error.into()),
        }
    }
}

impl ClientError {
    /// Adds a `WWW-Authenticate` challenge to `invalid_client`. RFC 6749 §5.2 requires it when the
    /// client used the `Authorization` header; otherwise a browser would ask the user for a password.
    pub(crate) fn with_challenge(self) -> Self {
        match &self {
            Self::Refused(error) | Self::Failed(error, _)
                if error.code == ErrorCode::InvalidClient =>
            {
                Self::Challenge(Box::new(self))
            }
            _ => self,
        }
    }

    fn log_entry(&self) -> LogEntry {
        match self {
            Self::Refused(error) => LogEntry::refused(error, None),
            Self::Failed(error, cause) => LogEntry::failed(error, Some(cause.as_ref())),
            Self::Challenge(error) => error.log_entry(),
            Self::RateLimited(too_often) => LogEntry {
                rate_limited: Some(too_often.clone()),
                ..LogEntry::refused(too_often, None)
            },
        }
    }

    fn to_response(&self) -> Response {
        match self {
            Self::Refused(error) | Self::Failed(error, _) => {
                (status(error.code), retry_after(error), body(error)).into_response()
            }
            Self::Challenge(error) => {
                let challenge = HeaderValue::from_static("Basic realm=\"panda-oidc\"");
                ([(WWW_AUTHENTICATE, challenge)], error.to_response()).into_response()
            }
            Self::RateLimited(too_often) => too_many_requests(too_often),
        }
    }
}

impl IntoResponse for ClientError {
    fn into_response(self) -> Response {
        let mut response = self.to_response();
        let no_store = HeaderValue::from_static("no-store");
        response.headers_mut().insert(CACHE_CONTROL, no_store);
        response.extensions_mut().insert(self.log_entry());
        response
    }
}

/// The HTTP status of an error that is sent to the client directly (RFC 6749 §5.2, RFC 6750 §3.1).
pub(super) fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::InvalidClient | ErrorCode::InvalidToken => StatusCode::UNAUTHORIZED,
        ErrorCode::InsufficientScope => StatusCode::FORBIDDEN,
        ErrorCode::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// The `Retry-After` header of a temporary error.
pub(super) fn retry_after(error: &OAuthError) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if error.code == ErrorCode::TemporarilyUnavailable {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    headers
}

pub(super) fn body(error: &OAuthError) -> Json<Value> {
    Json(json!({ "error": error.code.as_str(), "error_description": error.description }))
}

/// The response is `temporarily_unavailable`, the registered code that means "try again later".
/// `slow_down` (RFC 8628 §3.5) is only for device polling. Any other code makes clients drop a code
/// or a refresh token that is still valid.
fn too_many_requests(too_often: &RateLimited) -> Response {
    let wait = too_often.retry_after_secs;
    let error = OAuthError::new(
        ErrorCode::TemporarilyUnavailable,
        format!("too many requests; try again in {wait} s"),
    );
    let retry_after = [(RETRY_AFTER, HeaderValue::from(wait))];
    (StatusCode::TOO_MANY_REQUESTS, retry_after, body(&error)).into_response()
}

/// The response of a client endpoint to a method it does not support.
pub(crate) async fn method_not_allowed() -> (StatusCode, ClientError) {
    let error = OAuthError::invalid_request("the endpoint does not take this method");
    (StatusCode::METHOD_NOT_ALLOWED, error.into())
}
