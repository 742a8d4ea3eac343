//! Error responses to requests that carry an access token (RFC 6750 §3).

use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::client::{body, retry_after, status};
use super::oauth_problem::OAuthProblem;
use crate::http::response::NO_STORE;
use crate::oauth::error::OAuthError;

/// Why a request with an access token failed.
#[derive(Debug)]
pub(crate) enum BearerError {
    /// The request has no token: "If the request lacks any authentication information, the resource
    /// server SHOULD NOT include an error code" (RFC 6750 §3.1).
    ///
    /// The body says where the token belongs; the flag, that it is in the URL.
    NoToken {
        /// Whether the token is in the URL, where it is not read (RFC 6750 §2.3).
        in_url: bool,
    },
    /// The request gets an OAuth error.
    OAuth(OAuthProblem),
}

impl<T: Into<OAuthProblem>> From<T> for BearerError {
    fn from(problem: T) -> Self {
        Self::OAuth(problem.into())
    }
}

impl IntoResponse for BearerError {
    fn into_response(self) -> Response {
        match self {
            Self::NoToken { in_url } => {
                let challenge = HeaderValue::from_static("Bearer realm=\"panda-oidc\"");
                let error = OAuthError::invalid_request(if in_url {
                    "the access token belongs into the header, as Authorization: Bearer, not into the URL"
                } else {
                    "there is no access token; send it in the header, as Authorization: Bearer"
                });
                let headers = [(WWW_AUTHENTICATE, challenge), NO_STORE];
                (StatusCode::UNAUTHORIZED, headers, body(&error)).into_response()
            }
            Self::OAuth(problem) => {
                let mut response = oauth_response(&problem);
                response.extensions_mut().insert(problem.log_entry());
                response
            }
        }
    }
}

fn oauth_response(problem: &OAuthProblem) -> Response {
    let error = &problem.error;
    let status = problem.status.unwrap_or_else(|| status(error.code));
    let mut headers = retry_after(error);
    headers.extend([NO_STORE]);
    let challenge = format!(
        "Bearer realm=\"panda-oidc\", error=\"{}\", error_description=\"{}\"",
        error.code.as_str(),
        error.description
    );
    // RFC 6750 §3: the response to a request without a valid token "MUST" carry a challenge,
    // whatever is wrong with the request.
    if status.is_client_error()
        && let Ok(challenge) = HeaderValue::try_from(challenge)
    {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    (status, headers, body(error)).into_response()
}
