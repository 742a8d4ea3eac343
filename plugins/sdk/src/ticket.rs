//! The ticket, which must never be seen again once it has been read.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// What a portal puts into a URL to say who clicked.
///
/// It is a bearer credential: its `Debug` is `[redacted]`, it has no `Display`, and it is wiped
/// from memory when dropped. [`Ticket::expose`] is for the call that spends it, nothing else.
#[derive(Clone)]
pub struct Ticket(SecretString);

impl Ticket {
    /// Takes the ticket as it was read from the URL, decoded once.
    #[must_use]
    pub fn new(ticket: String) -> Self {
        Self(SecretString::from(ticket))
    }

    /// The ticket in clear, for the request that asks the outside system about it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// `text` with every occurrence of the ticket struck out, so that an upstream's message can be
    /// logged although it may quote what it was asked.
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
    fn a_ticket_never_shows_itself() {
        let ticket = Ticket::new("s3cret".to_owned());
        assert_eq!(format!("{ticket:?}"), "[redacted]");
        assert_eq!(ticket.redact("no s3cret here"), "no [redacted] here");
    }
}
