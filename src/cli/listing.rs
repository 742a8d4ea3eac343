//! What the commands that list something have in common.

use std::io::{self, Write};
use std::process::ExitCode;

use chrono::{DateTime, SecondsFormat, Utc};
use panda_oidc::error_chain::explain;
use panda_oidc::store::StoreError;
use serde::Serialize;

/// Why a listing stopped.
pub(super) enum ListError {
    /// The store failed.
    Store(StoreError),
    /// The list could not be written.
    Write(io::Error),
}

impl From<io::Error> for ListError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl From<StoreError> for ListError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The outcome of a listing. A reader that closes the pipe, as `head` does, has seen enough.
///
/// # Errors
///
/// Why the listing stopped.
pub(super) fn outcome(result: Result<(), ListError>) -> Result<ExitCode, String> {
    match result {
        Err(ListError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(ExitCode::SUCCESS)
        }
        Err(ListError::Write(error)) => Err(format!("the list cannot be written: {error}")),
        Err(ListError::Store(error)) => Err(explain(&error)),
        Ok(()) => Ok(ExitCode::SUCCESS),
    }
}

/// Writes `item` as a JSON object on a line.
pub(super) fn write_json(out: &mut impl Write, item: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, item)?;
    out.write_all(b"\n")
}

/// Formats a time (RFC 3339).
pub(super) fn format_time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Formats a time with its milliseconds (RFC 3339).
pub(super) fn format_millis(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
