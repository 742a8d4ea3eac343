//! Error responses at the endpoints that clients call: a registered error code, as JSON (RFC 6749
//! §5.2).

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::log_entry::LogEntry;
use super::oauth_problem::OAuthProblem;
use crate::http::response::NO_STORE;
use crate::limits::RateLimited;
use crate::oauth::error::{ErrorCode, OAuthError};

/// Why a client's request failed.
#[derive(Debug)]
pub(crate) enum ClientError {
    /// The request gets an OAuth error.
    OAuth(OAuthProblem),
    /// The same, and the client used the `Authorization` header to authenticate.
    Challenge(OAuthProblem),
    /// The client sends too many requests (RFC 6585 §4).
    RateLimited(RateLimited),
}

impl<T: Into<OAuthProblem>> From<T> for ClientError {
    fn from(problem: T) -> Self {
        Self::OAuth(problem.into())
    }
}

impl From<RateLimited> for ClientError {
    fn from(too_often: RateLimited) -> Self {
        Self::RateLimited(too_often)
    }
}

impl ClientError {
    /// Adds a `WWW-Authenticate` challenge to `invalid_client`. RFC 6749 §5.2 requires it when the
    /// client used the `Authorization` header; otherwise a browser would ask the user for a password.
    pub(crate) fn with_challenge(self) -> Self {
        match self {
            Self::OAuth(problem) if problem.error.code == ErrorCode::InvalidClient => {
                Self::Challenge(problem)
            }
            other => other,
        }
    }

    /// The same error of the client `client_id`.
    #[must_use]
    pub(crate) fn of_client(self, client_id: &str) -> Self {
        match self {
            Self::OAuth(problem) => Self::OAuth(problem.of_client(client_id)),
            Self::Challenge(problem) => Self::Challenge(problem.of_client(client_id)),
            Self::RateLimited(too_often) => Self::RateLimited(too_often),
        }
    }

    /// Why the client did not prove who it is, if that is the error.
    pub(crate) fn failed_authentication(&self) -> Option<String> {
        match self {
            Self::OAuth(problem) | Self::Challenge(problem)
                if problem.error.code == ErrorCode::InvalidClient =>
            {
                Some(problem.error.description.to_string())
            }
            Self::OAuth(_) | Self::Challenge(_) | Self::RateLimited(_) => None,
        }
    }

    fn log_entry(&self) -> LogEntry {
        match self {
            Self::OAuth(problem) | Self::Challenge(problem) => problem.log_entry(),
            Self::RateLimited(too_often) => LogEntry {
                rate_limited: Some(too_often.clone()),
                ..LogEntry::refused(too_often, None)
            },
        }
    }

    fn to_response(&self) -> Response {
        match self {
            Self::OAuth(problem) => oauth_response(problem),
            Self::Challenge(problem) => {
                let challenge = HeaderValue::from_static("Basic realm=\"panda-oidc\"");
                let response = oauth_response(problem);
                ([(WWW_AUTHENTICATE, challenge)], response).into_response()
            }
            Self::RateLimited(too_often) => too_many_requests(too_often),
        }
    }
}

fn oauth_response(problem: &OAuthProblem) -> Response {
    let error = &problem.error;
    let status = problem.status.unwrap_or_else(|| status(error.code));
    (status, retry_after(error), body(error)).into_response()
}

impl IntoResponse for ClientError {
    fn into_response(self) -> Response {
        let mut response = self.to_response();
        response.headers_mut().extend([NO_STORE]);
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

/// The response of an endpoint to a method it does not support, in the way of the endpoint.
pub(crate) async fn method_not_allowed<E: From<OAuthProblem>>() -> E {
    let error = OAuthError::invalid_request("the endpoint does not take this method");
    OAuthProblem::from(error)
        .with_status(StatusCode::METHOD_NOT_ALLOWED)
        .into()
}
