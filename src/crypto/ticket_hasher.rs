//! Hashes tickets for the store.

use aws_lc_rs::hmac;
use panda_oidc_sdk::Ticket;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use crate::crypto::KEY_BYTES;
use crate::crypto::identifiers::TicketHash;

/// Computes the hash under which the store remembers the owner of a ticket. The hash is keyed,
/// since a ticket may be short enough to guess.
#[derive(Clone)]
pub struct TicketHasher(hmac::Key);

impl TicketHasher {
    /// A hasher with `key`, which must be used for nothing else.
    pub(super) fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The hash of `ticket`.
    ///
    /// Spellings that a portal might accept as the same ticket get the same hash. Databases behind
    /// such portals often compare without regard to case, width, accents, blanks and zero-width
    /// characters; portals decode what arrives decoded, and take a blank for the `+` that it was. A
    /// stolen ticket must not count as a new one because it is written in capitals.
    #[must_use]
    pub fn hash(&self, ticket: &Ticket) -> TicketHash {
        use unicode_normalization::UnicodeNormalization as _;
        use unicode_normalization::char::is_combining_mark;
        let decoded = decoded(ticket.expose());
        let folded: Zeroizing<String> = Zeroizing::new(
            decoded
                .nfkd()
                .flat_map(char::to_lowercase)
                .nfkd()
                .filter(|c| *c != '+')
                .filter(|c| c.is_ascii_graphic() || c.is_alphanumeric() && !is_combining_mark(*c))
                .collect(),
        );
        let mut hash = [0; 32];
        hash.copy_from_slice(hmac::sign(&self.0, folded.as_bytes()).as_ref());
        TicketHash::from(hash)
    }
}

/// `text`, percent-decoded until nothing is left to decode.
fn decoded(text: &str) -> Zeroizing<String> {
    let mut text = Zeroizing::new(text.to_owned());
    loop {
        let once = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if once.len() == text.len() {
            return text;
        }
        text = Zeroizing::new(once);
    }
}

#[cfg(test)]
mod tests {
    use crate::crypto::key;
    use crate::crypto::ticket_hasher::*;

    #[test]
    fn spellings_that_a_portal_may_accept_as_one_ticket_have_one_hash() {
        let hasher = key().ticket_hasher();
        let hash = |ticket: &str| hasher.hash(&Ticket::new(ticket.to_owned()));
        for spelling in [
            "ABC-1",
            "abc-1 ",
            " aBc-1",
            "ａｂｃ-1",
            "abc-1\u{3000}",
            "a\u{301}bc-1",
            "\u{e1}bc\u{200b}-1",
            "%61bc-1",
            "%2561b%63%2D1",
            "a+bc-1",
            "a%2bbc-1",
            "a%2520bc-1",
        ] {
            assert_eq!(hash(spelling), hash("abc-1"), "{spelling:?}");
        }
        assert_ne!(hash("abc-2"), hash("abc-1"));
    }
}
