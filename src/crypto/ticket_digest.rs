//! The names of tickets in the store.

use aws_lc_rs::hmac;
use panda_oidc_sdk::Ticket;
use zeroize::Zeroizing;

use crate::crypto::KEY_BYTES;
use crate::crypto::identifiers::TicketHash;

/// Gives a ticket the name under which its owner is remembered: a keyed digest, since a ticket may
/// be short enough to guess.
#[derive(Clone)]
pub struct TicketHasher(hmac::Key);

impl TicketHasher {
    /// With a key of its own.
    pub(super) fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The name of `ticket`.
    ///
    /// What a portal might take for the same ticket gets the same name: databases behind such
    /// portals often compare without regard to case, width, accents, blanks and characters without
    /// a width, and a stolen ticket must not become another one by writing it in capitals.
    #[must_use]
    pub fn hash(&self, ticket: &Ticket) -> TicketHash {
        use unicode_normalization::UnicodeNormalization as _;
        use unicode_normalization::char::is_combining_mark;
        let folded: Zeroizing<String> = Zeroizing::new(
            ticket
                .expose()
                .nfkd()
                .flat_map(char::to_lowercase)
                .nfkd()
                .filter(|c| c.is_ascii_graphic() || c.is_alphanumeric() && !is_combining_mark(*c))
                .collect(),
        );
        let mut name = [0; 32];
        name.copy_from_slice(hmac::sign(&self.0, folded.as_bytes()).as_ref());
        TicketHash::from(name)
    }
}

#[cfg(test)]
mod tests {
    use crate::crypto::key;
    use crate::crypto::ticket_digest::*;

    #[test]
    fn spellings_a_portal_may_take_for_one_ticket_have_one_name() {
        let hasher = key().ticket_namer();
        let name = |ticket: &str| hasher.hash(&Ticket::new(ticket.to_owned()));
        for spelling in [
            "ABC-1",
            "abc-1 ",
            " aBc-1",
            "ａｂｃ-1",
            "abc-1\u{3000}",
            "a\u{301}bc-1",
            "\u{e1}bc\u{200b}-1",
        ] {
            assert_eq!(name(spelling), name("abc-1"), "{spelling:?}");
        }
        assert_ne!(name("abc-2"), name("abc-1"));
    }
}
