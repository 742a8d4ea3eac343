//! Formats an error with its causes on one line.

use std::error::Error;

/// The messages of an error and all its causes, outermost first.
#[must_use]
pub fn explain(error: &dyn Error) -> String {
    chain(Some(error))
}

/// The messages of `cause` and all its causes, outermost first.
pub(crate) fn chain(mut cause: Option<&dyn Error>) -> String {
    let mut causes = String::new();
    while let Some(error) = cause {
        if !causes.is_empty() {
            causes.push_str(": ");
        }
        causes.push_str(&error.to_string());
        cause = error.source();
    }
    causes
}
