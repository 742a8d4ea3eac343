//! Error responses to browsers: a page for the user, or a redirect that carries the error to the
//! client.

use std::error::Error;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};

use super::log_entry::LogEntry;
use super::problem::PageProblem;
use crate::http::authorization_response;
use crate::http::response::NO_STORE;
use crate::oauth::error::OAuthError;
use crate::oauth::redirect::VerifiedRedirect;

/// Why a browser's request failed.
#[derive(Debug)]
pub(crate) enum PageError {
    /// Shown to the user, on a page.
    Page(PageProblem),
    /// Sent to the client, through the browser (RFC 6749 §4.1.2.1). The last field holds the cause
    /// for the log, if it is not a rule of the protocol.
    Redirect(VerifiedRedirect, OAuthError, Option<Box<PageProblem>>),
}

impl<T: Into<PageProblem>> From<T> for PageError {
    fn from(problem: T) -> Self {
        Self::Page(problem.into())
    }
}

impl PageError {
    fn log_entry(&self) -> LogEntry {
        match self {
            Self::Page(problem) => LogEntry {
                is_failure: problem.facts().is_failure,
                rate_limited: problem.rate_limited().cloned(),
                client_id: problem.client_id().map(str::to_owned),
                ..LogEntry::refused(problem, problem.source())
            },
            Self::Redirect(_, error, problem) => {
                let problem = problem.as_deref();
                LogEntry {
                    is_failure: problem.is_some_and(|problem| problem.facts().is_failure),
                    rate_limited: problem.and_then(PageProblem::rate_limited).cloned(),
                    ..LogEntry::refused(error, problem.map(|problem| problem as &dyn Error))
                }
            }
        }
    }
}

/// The page itself is rendered by [`errors`](crate::http::middleware::errors), which knows the user's
/// language.
impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let entry = self.log_entry();
        let mut response = match self {
            Self::Page(problem) => {
                let mut response = (problem.facts().status, [NO_STORE]).into_response();
                response.extensions_mut().insert(Arc::new(problem));
                response
            }
            Self::Redirect(redirect, error, _) => {
                authorization_response::into_response(&redirect.with_error(&error))
            }
        };
        response.extensions_mut().insert(entry);
        response
    }
}
