//! The ticket: a secret that must not appear in any output.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// The value a portal puts into a URL to identify the user who clicked.
///
/// It is a bearer credential: its `Debug` is `[redacted]`, it has no `Display`, and it is wiped
/// from memory when dropped. Use [`Ticket::expose`] only for the call that redeems it.
#[derive(Clone)]
pub struct Ticket(SecretString);

impl Ticket {
    /// Wraps the ticket as it was read from the URL, decoded once.
    #[must_use]
    pub fn new(ticket: String) -> Self {
        Self(SecretString::from(ticket))
    }

    /// The ticket in clear text, for the request that redeems it at the outside system.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// `text` with every occurrence of the ticket redacted, so that an upstream's message can be
    /// logged although it may quote the ticket.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        if self.expose().is_empty() {
            return text.to_owned();
        }
        text.replace(self.expose(), "[redacted]")
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_redacted_in_debug_output_and_text() {
        let ticket = Ticket::new("s3cret".to_owned());
        assert_eq!(format!("{ticket:?}"), "[redacted]");
        assert_eq!(ticket.redact("no s3cret here"), "no [redacted] here");
    }
}
