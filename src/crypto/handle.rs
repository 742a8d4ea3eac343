//! Random handles, and the digests by which the store identifies them.
//!
//! A session cookie, a browser cookie and an authorization code are each 256 random bits. The
//! browser or the client holds the bits; the store holds only their SHA-256, so that a copy of the
//! database opens nothing.

use std::fmt;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::CryptoRng;
use zeroize::Zeroizing;

const BYTES: usize = 32;

/// 256 random bits as 43 characters of base64url; a bearer credential, so it prints as `[redacted]`.
#[derive(Clone)]
pub struct Handle(Zeroizing<String>);

impl Handle {
    /// A new handle.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; BYTES]);
        rng.fill_bytes(bytes.as_mut_slice());
        Self(Zeroizing::new(
            BASE64_URL_SAFE_NO_PAD.encode(bytes.as_slice()),
        ))
    }

    /// Parses a presented handle; `None` when it is malformed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        match BASE64_URL_SAFE_NO_PAD.decode_slice(text, bytes.as_mut_slice()) {
            Ok(BYTES) => Some(Self(Zeroizing::new(text.to_owned()))),
            _ => None,
        }
    }

    /// The handle in clear, for the cookie or the redirect that carries it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The digest by which the store identifies the handle.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A 256-bit digest: of a [`Handle`], or a keyed one of a ticket. It opens nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; BYTES]);

impl Digest {
    /// SHA-256 of `bytes`, which must be unguessable. A value that can be guessed needs a keyed
    /// digest.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut out = [0; BYTES];
        out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
        Self(out)
    }

    /// The digest as bytes, for a store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; BYTES] {
        &self.0
    }

    /// The digest as 43 characters of base64url.
    #[must_use]
    pub fn to_text(self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads what [`Digest::to_text`] wrote.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut out = [0; BYTES];
        match BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut out) {
            Ok(BYTES) => Some(Self(out)),
            _ => None,
        }
    }
}

impl From<[u8; BYTES]> for Digest {
    fn from(bytes: [u8; BYTES]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", &self.to_text()[..8])
    }
}

#[cfg(test)]
mod tests {
    use crate::crypto::handle::*;
    use proptest::prelude::*;

    #[test]
    fn a_handle_round_trips_through_its_text_and_is_redacted_in_debug() {
        let handle = Handle::random(&mut rand::rng());
        assert_eq!(handle.expose().len(), 43);
        let parsed = Handle::parse(handle.expose()).unwrap();
        assert_eq!(parsed.digest(), handle.digest());
        assert_eq!(format!("{handle:?}"), "[redacted]");
    }

    proptest! {
        #[test]
        fn only_the_form_of_a_handle_is_read(text in any::<String>()) {
            if let Some(handle) = Handle::parse(&text) {
                prop_assert_eq!(handle.expose().len(), 43);
            }
        }

        #[test]
        fn a_digest_round_trips_through_its_text(bytes in any::<[u8; 32]>()) {
            let digest = Digest::from(bytes);
            prop_assert_eq!(Digest::from_text(&digest.to_text()), Some(digest));
        }
    }
}
