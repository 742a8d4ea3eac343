//! Authenticated encryption ("sealing") with one key for each purpose.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::KEY_BYTES;

/// What a [`Sealer`] is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Signing keys in the store.
    SigningKeys,
    /// Pending authorization requests, in a cookie.
    PendingRequests,
    /// Account switches that wait for confirmation, in a cookie.
    AccountSwitches,
    /// Logouts that wait for confirmation, in a form.
    Logouts,
    /// Recent launches, in a cookie.
    Launches,
    /// Launches that failed, in a URL and a cookie.
    FailedLaunches,
}

impl Purpose {
    pub(super) fn label(self) -> &'static [u8] {
        match self {
            Self::SigningKeys => b"signing keys",
            Self::PendingRequests => b"parked requests",
            Self::AccountSwitches => b"switches",
            Self::Logouts => b"logouts",
            Self::Launches => b"launches",
            Self::FailedLaunches => b"failed launches",
        }
    }
}

/// Seals for one purpose: AES-256-GCM with a random nonce for each message.
pub struct Sealer(RandomizedNonceKey);

impl Sealer {
    /// A sealer with `key`, which must be used for nothing else.
    ///
    /// # Panics
    ///
    /// Never: AES-256-GCM accepts every 32-byte key.
    pub(super) fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(RandomizedNonceKey::new(&AES_256_GCM, key).expect("a key of 32 bytes"))
    }

    /// Seals `plain`. Opening it requires the same `context`.
    ///
    /// # Panics
    ///
    /// When the system's random number generator fails.
    #[must_use]
    pub fn seal(&self, plain: &[u8], context: &[u8]) -> Vec<u8> {
        let mut sealed = plain.to_vec();
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(context), &mut sealed)
            .expect("sealing fails only without randomness");
        sealed.extend_from_slice(nonce.as_ref());
        sealed
    }

    /// Opens the output of [`Sealer::seal`] with the same context; `None` if it is anything else or
    /// was changed.
    #[must_use]
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (sealed, nonce) = sealed.split_at_checked(sealed.len().checked_sub(NONCE_LEN)?)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut plain = Zeroizing::new(sealed.to_vec());
        let length = self
            .0
            .open_in_place(nonce, Aad::from(context), &mut plain)
            .ok()?
            .len();
        plain.truncate(length);
        Some(plain)
    }
}

impl Sealer {
    /// Seals a value as text for a cookie; `None` when it cannot be serialized as JSON.
    #[must_use]
    pub fn seal_text<T: Serialize>(&self, value: &T, context: &[u8]) -> Option<String> {
        let plain = Zeroizing::new(serde_json::to_vec(value).ok()?);
        Some(BASE64_URL_SAFE_NO_PAD.encode(self.seal(&plain, context)))
    }

    /// Opens the output of [`Sealer::seal_text`] with the same context; `None` for any other text.
    #[must_use]
    pub fn open_text<T: DeserializeOwned>(&self, text: &str, context: &[u8]) -> Option<T> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        serde_json::from_slice(&self.open(&sealed, context)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::crypto::key;
    use crate::crypto::sealer::*;

    #[test]
    fn a_sealed_message_opens_only_with_its_context_and_purpose() {
        let sealer = key().sealer(Purpose::PendingRequests);
        let sealed = sealer.seal(b"scope=openid", b"browser 1");
        assert_eq!(
            sealer.open(&sealed, b"browser 1").unwrap().as_slice(),
            b"scope=openid"
        );
        assert!(sealer.open(&sealed, b"browser 2").is_none());
        assert!(
            key()
                .sealer(Purpose::AccountSwitches)
                .open(&sealed, b"browser 1")
                .is_none()
        );
    }

    /// A fixed nonce would reveal that two cookies hold the same text (CVE-2021-32791; N57,
    /// docs/security.md).
    #[test]
    fn n57_the_same_text_is_never_sealed_to_the_same_bytes() {
        let sealer = key().sealer(Purpose::PendingRequests);
        assert_ne!(sealer.seal(b"same", b""), sealer.seal(b"same", b""));
    }

    proptest! {
        #[test]
        fn bytes_that_were_not_sealed_do_not_open(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(key().sealer(Purpose::AccountSwitches).open(&bytes, b"").is_none());
        }
    }
}
