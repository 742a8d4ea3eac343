//! Requests that end before a handler has answered.

use super::oauth_problem::OAuthProblem;
use super::problem::PageProblem;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::service::error::server_error;

/// Why a request ended without its handler's response.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(crate) enum Interruption {
    /// The query of the URL is longer than any endpoint accepts.
    #[error("the query is too long")]
    QueryTooLong,
    /// Too many large bodies are being received.
    #[error("too many large requests are being received at once")]
    Crowded,
    /// The handler took too long.
    #[error("the request took too long")]
    TimedOut,
    /// The handler panicked.
    #[error("the handler panicked")]
    Panicked,
}

impl From<Interruption> for PageProblem {
    fn from(interruption: Interruption) -> Self {
        match interruption {
            Interruption::QueryTooLong => Self::TooLarge,
            Interruption::Crowded => Self::Crowded,
            Interruption::TimedOut | Interruption::Panicked => Self::Internal,
        }
    }
}

impl From<Interruption> for OAuthProblem {
    fn from(interruption: Interruption) -> Self {
        match interruption {
            Interruption::QueryTooLong => {
                OAuthError::invalid_request("the query of the URL is too long").into()
            }
            Interruption::Crowded => OAuthError::new(
                ErrorCode::TemporarilyUnavailable,
                "too many large requests at once; try again in a moment",
            )
            .into(),
            Interruption::TimedOut | Interruption::Panicked => {
                Self::failed(server_error(), interruption)
            }
        }
    }
}
