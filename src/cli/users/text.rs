//! Reads and writes user ids and times on the command line.

use chrono::{DateTime, SecondsFormat, Utc};

/// Formats a time (RFC 3339).
pub(super) fn format_time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The error for an unknown user.
pub(super) fn unknown_user(id: &str) -> String {
    format!("nobody is known by the id {id}; `panda-oidc users list` shows who is")
}
