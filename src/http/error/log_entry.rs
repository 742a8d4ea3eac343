//! What the operator is told of a request that failed.

use std::error::Error;

use crate::error_chain::chain;
use crate::limits::TooOften;

/// A line for the log. It travels with the response to the layer that knows the route and the peer,
/// and is logged there, once.
#[derive(Debug, Clone)]
pub(crate) struct LogEntry {
    /// Whether something of ours, or the portal, failed.
    pub is_failure: bool,
    /// What happened.
    pub message: String,
    /// Why, on one line.
    pub causes: String,
    /// Set when somebody asks too often: a flood of requests is no flood of lines.
    pub too_often: Option<TooOften>,
}

impl LogEntry {
    /// A request was refused.
    pub(crate) fn refused(error: &dyn Error, cause: Option<&dyn Error>) -> Self {
        Self {
            is_failure: false,
            message: format!("Refused: {error}"),
            causes: chain(cause),
            too_often: None,
        }
    }

    /// Something of ours failed.
    pub(crate) fn failed(error: &dyn Error, cause: Option<&dyn Error>) -> Self {
        Self {
            is_failure: true,
            message: format!("Failed: {error}"),
            ..Self::refused(error, cause)
        }
    }
}
