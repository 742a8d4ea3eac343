//! Output of a command to its caller.

use std::fmt::Display;
use std::io::Write as _;

/// Prints a line to stdout. A write error is ignored: the exit code also reports the outcome.
pub(super) fn print(message: &dyn Display) {
    let _ = writeln!(std::io::stdout(), "{message}");
}

/// Prints a warning to stderr.
pub(super) fn print_warning(message: &dyn Display) {
    let _ = writeln!(std::io::stderr(), "warning: {message}");
}

/// Prints an error to stderr, for a command that continues or has several errors to report.
pub(super) fn print_error(message: &dyn Display) {
    let _ = writeln!(std::io::stderr(), "error: {message}");
}
