//! Error responses to requests that carry an access token (RFC 6750 §3).

use std::error::Error;

use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};

use super::client::{body, retry_after, status};
use super::log_entry::LogEntry;
use crate::keys::SignError;
use crate::oauth::error::OAuthError;
use crate::service::error::{self as service, unavailable};
use crate::store::StoreError;

/// Why a request with an access token failed.
#[derive(Debug)]
pub(crate) struct BearerError {
    error: OAuthError,
    /// What failed, if the operator has to know about it.
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl From<OAuthError> for BearerError {
    fn from(error: OAuthError) -> Self {
        Self { error, cause: None }
    }
}

impl From<StoreError> for BearerError {
    fn from(error: StoreError) -> Self {
        Self {
            error: unavailable(),
            cause: Some(error.into()),
        }
    }
}

impl From<SignError> for BearerError {
    fn from(error: SignError) -> Self {
        service::Error::Signing(error).into()
    }
}

impl From<service::Error> for BearerError {
    fn from(error: service::Error) -> Self {
        let oauth_error = error.to_oauth();
        let cause = match error {
            service::Error::Refused(_) => None,
            other => Some(other.into()),
        };
        Self {
            error: oauth_error,
            cause,
        }
    }
}

impl IntoResponse for BearerError {
    fn into_response(self) -> Response {
        let Self { error, cause } = &self;
        let status = status(error.code);
        let mut headers = retry_after(error);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
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
        let entry = match cause {
            Some(cause) => LogEntry::failed(error, Some(cause.as_ref())),
            None => LogEntry::refused(error, None),
        };
        let mut response = (status, headers, body(error)).into_response();
        response.extensions_mut().insert(entry);
        response
    }
}
