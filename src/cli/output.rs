//! What a command says to whoever called it.

use std::fmt::Display;
use std::io::Write as _;

/// Tells whoever asked. The exit code says it as well, should nobody read this.
pub(super) fn say(what: &dyn Display) {
    let _ = writeln!(std::io::stdout(), "{what}");
}

/// Tells what stands against a command that goes on all the same, or has more than one thing to say.
pub(super) fn complain(what: &dyn Display) {
    let _ = writeln!(std::io::stderr(), "error: {what}");
}
