//! Reads and writes user ids and times on the command line.

use chrono::{DateTime, SecondsFormat, Utc};
use panda_oidc_sdk::Subject;

/// Reads an identifier from the command line.
pub(super) fn parse_subject(id: &str) -> Result<Subject, String> {
    Subject::new(id).map_err(|error| format!("`{id}`: {error}"))
}

/// Formats a time (RFC 3339).
pub(super) fn format_time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The error for an unknown user.
pub(super) fn unknown_user(subject: &Subject) -> String {
    format!("nobody is known by the id {subject}; `panda-oidc users list` shows who is")
}
