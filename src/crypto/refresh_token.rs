//! Refresh tokens, and how a token's successor is derived (RFC 9700 §4.14.2).
//!
//! A token consists of a family, which all tokens of a grant share, and a secret. The next secret
//! is derived from the token before it. So a client that presents one token twice within the grace
//! period gets the same successor twice, and the store keeps no token in clear for that. A token
//! whose family is known and whose secret is not the latest can only be an old one.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::CryptoRng;
use zeroize::Zeroizing;

use crate::crypto::identifiers::{FamilyId, RefreshTokenHash};

const FAMILY_BYTES: usize = 16;
const TOKEN_BYTES: usize = FAMILY_BYTES + 32;

/// A refresh token; a bearer credential, so it prints as `[redacted]`.
#[derive(Clone)]
pub struct RefreshToken(Zeroizing<[u8; TOKEN_BYTES]>);

impl RefreshToken {
    /// The first token of a new family.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self(bytes)
    }

    /// Parses a presented token; `None` when it is malformed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
        match BASE64_URL_SAFE_NO_PAD.decode_slice(text, bytes.as_mut_slice()) {
            Ok(TOKEN_BYTES) => Some(Self(bytes)),
            _ => None,
        }
    }

    /// The token in clear, 64 characters of base64url, for the client.
    #[must_use]
    pub fn expose(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0.as_slice())
    }

    /// The digest by which the store identifies the family.
    #[must_use]
    pub fn family(&self) -> FamilyId {
        FamilyId::of(&self.0[..FAMILY_BYTES])
    }

    /// The digest by which the store identifies the token.
    #[must_use]
    pub fn digest(&self) -> RefreshTokenHash {
        RefreshTokenHash::of(self.0.as_slice())
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Derives a token from its predecessor.
pub struct RefreshTokenChain(hmac::Key);

impl RefreshTokenChain {
    /// A chain with `key`, which must be 256 secret bits that are used for nothing else.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The successor of `token`; always the same one.
    #[must_use]
    pub fn next(&self, token: &RefreshToken) -> RefreshToken {
        let mut next = token.0.clone();
        next[FAMILY_BYTES..].copy_from_slice(hmac::sign(&self.0, token.0.as_slice()).as_ref());
        RefreshToken(next)
    }
}

#[cfg(test)]
mod tests {
    use crate::crypto::refresh_token::*;
    use proptest::prelude::*;

    #[test]
    fn a_successor_has_the_same_family_and_is_always_the_same() {
        let chain = RefreshTokenChain::new(&[7; 32]);
        let first = RefreshToken::random(&mut rand::rng());
        let second = chain.next(&first);
        assert_eq!(second.family(), first.family());
        assert_ne!(second.digest(), first.digest());
        assert_eq!(chain.next(&first).digest(), second.digest());
        assert_ne!(chain.next(&second).digest(), second.digest());
        let other_chain = RefreshTokenChain::new(&[8; 32]);
        assert_ne!(other_chain.next(&first).digest(), second.digest());
    }

    #[test]
    fn a_token_round_trips_through_its_text_and_is_redacted_in_debug() {
        let token = RefreshToken::random(&mut rand::rng());
        let text = token.expose();
        assert_eq!(text.len(), 64);
        assert_eq!(RefreshToken::parse(&text).unwrap().digest(), token.digest());
        assert_eq!(format!("{token:?}"), "[redacted]");
    }

    proptest! {
        #[test]
        fn only_the_form_of_a_token_is_read(text in any::<String>()) {
            if let Some(token) = RefreshToken::parse(&text) {
                prop_assert_eq!(token.expose(), text);
            }
        }
    }
}
