//! Every way a request can fail, by whom it is told to: a person on a page, a client in JSON, whoever
//! brings an access token. The types keep a failure from becoming the wrong kind of answer.
//!
//! What is answered here is logged once, by [`errors`](super::middleware::errors), with its causes. Nobody
//! outside gets an internal word.

mod bearer;
mod client;
mod log_entry;
pub(crate) mod messages;
mod page;

pub(crate) use self::bearer::BearerError;
pub(crate) use self::client::{ClientError, method_not_allowed};
pub(crate) use self::log_entry::LogEntry;
pub(crate) use self::page::{PageError, PageProblem};

/// The longest query any request of ours needs, in bytes.
pub(crate) const MAX_QUERY_BYTES: usize = 16 * 1024;
