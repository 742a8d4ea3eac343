//! Refresh tokens: how they are made, and how one leads to the next (RFC 9700 §4.14.2).
//!
//! A token is a family, which all tokens of a grant share, and a secret. The next secret is derived
//! from the token before it, so that whoever brings one token twice within the grace is given the
//! same successor twice, and nothing in clear has to be kept for that. A token whose family is
//! known and whose secret is not the latest can only be an old one.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::CryptoRng;
use zeroize::Zeroizing;

use crate::crypto::handle::Digest;
use crate::crypto::identifiers::{FamilyId, RefreshTokenHash};

const FAMILY: usize = 16;
const BYTES: usize = FAMILY + 32;

/// A refresh token; a bearer credential, so it prints as `[redacted]`.
#[derive(Clone)]
pub struct RefreshToken(Zeroizing<[u8; BYTES]>);

impl RefreshToken {
    /// The first token of a new family.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; BYTES]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self(bytes)
    }

    /// Reads a token that somebody presents; `None` when it is not of the form of one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        match BASE64_URL_SAFE_NO_PAD.decode_slice(text, bytes.as_mut_slice()) {
            Ok(BYTES) => Some(Self(bytes)),
            _ => None,
        }
    }

    /// The token in clear, 64 characters of base64url, for the client.
    #[must_use]
    pub fn expose(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0.as_slice())
    }

    /// What the store knows the family by.
    #[must_use]
    pub fn family(&self) -> FamilyId {
        Digest::of(&self.0[..FAMILY]).into()
    }

    /// What the store knows the token by.
    #[must_use]
    pub fn digest(&self) -> RefreshTokenHash {
        Digest::of(self.0.as_slice()).into()
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What derives a token from the one before it.
pub struct RefreshTokenChain(hmac::Key);

impl RefreshTokenChain {
    /// Derives with `key`, which must be 256 secret bits used for nothing else.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The token that follows `token`: always the same one.
    #[must_use]
    pub fn next(&self, token: &RefreshToken) -> RefreshToken {
        let mut next = token.0.clone();
        next[FAMILY..].copy_from_slice(hmac::sign(&self.0, token.0.as_slice()).as_ref());
        RefreshToken(next)
    }
}

#[cfg(test)]
mod tests {
    use crate::crypto::refresh_token::*;
    use proptest::prelude::*;

    #[test]
    fn a_successor_is_of_the_same_family_and_always_the_same() {
        let successors = RefreshTokenChain::new(&[7; 32]);
        let first = RefreshToken::random(&mut rand::rng());
        let second = successors.next(&first);
        assert_eq!(second.family(), first.family());
        assert_ne!(second.digest(), first.digest());
        assert_eq!(successors.next(&first).digest(), second.digest());
        assert_ne!(successors.next(&second).digest(), second.digest());
        let elsewhere = RefreshTokenChain::new(&[8; 32]);
        assert_ne!(elsewhere.next(&first).digest(), second.digest());
    }

    #[test]
    fn a_token_survives_its_text_and_hides_from_debug() {
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
