//! Errors by who receives them: the user on a page, a client as JSON, or the bearer of an access
//! token. Each has a type of its own, so that an error cannot become the wrong kind of response.
//!
//! Every error is logged once with its causes, by [`errors`](super::middleware::errors). Responses
//! never contain internal details.

mod bearer;
mod client;
mod interruption;
mod log_entry;
mod oauth_problem;
mod page;
mod problem;
pub(crate) mod problem_page;
mod refused_request;

pub(crate) use self::bearer::BearerError;
pub(crate) use self::client::{ClientError, method_not_allowed};
pub(crate) use self::interruption::Interruption;
pub(crate) use self::log_entry::LogEntry;
pub(crate) use self::oauth_problem::OAuthProblem;
pub(crate) use self::page::PageError;
pub(crate) use self::problem::PageProblem;
pub(crate) use self::problem_page::RETRY_AFTER_SECONDS;
pub(crate) use self::refused_request::RefusedRequest;

/// The longest query that any endpoint accepts, in bytes.
pub(crate) const MAX_QUERY_BYTES: usize = 16 * 1024;
