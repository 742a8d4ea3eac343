//! The log entry for a request that failed.

use std::error::Error;

use crate::error_chain::chain;
use crate::limits::RateLimited;

/// A line for the log. It travels with the response to the middleware that knows the route and the
/// client address, and is logged there, once.
#[derive(Debug, Clone)]
pub(crate) struct LogEntry {
    /// Whether this provider or the portal failed, rather than the request.
    pub is_failure: bool,
    /// What happened.
    pub message: String,
    /// The causes, on one line.
    pub causes: String,
    /// The client that is concerned, as far as the error knows it.
    pub client_id: Option<String>,
    /// Set when a rate limit was exceeded, so that a flood of requests does not flood the log.
    pub rate_limited: Option<RateLimited>,
}

impl LogEntry {
    /// A request was refused.
    pub(crate) fn refused(error: &dyn Error, cause: Option<&dyn Error>) -> Self {
        Self {
            is_failure: false,
            message: format!("Refused: {error}"),
            causes: chain(cause),
            client_id: None,
            rate_limited: None,
        }
    }

    /// This provider failed.
    pub(crate) fn failed(error: &dyn Error, cause: Option<&dyn Error>) -> Self {
        Self {
            is_failure: true,
            message: format!("Failed: {error}"),
            ..Self::refused(error, cause)
        }
    }
}
