//! The secret of a client as a key for HMAC.

use std::fmt;

use jsonwebtoken::DecodingKey;

use super::jws::{JwsAlg, UnverifiedJws};

/// A secret that the client signs with and the provider verifies with.
#[derive(Clone)]
pub struct SharedKey {
    verifier: DecodingKey,
    length: usize,
}

impl SharedKey {
    /// The key with the bytes of `secret`.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self {
            verifier: DecodingKey::from_secret(secret),
            length: secret.len(),
        }
    }

    /// Whether it is long enough for `alg`; always false for an asymmetric algorithm.
    #[must_use]
    pub fn fits(&self, alg: JwsAlg) -> bool {
        alg.shared_key_bytes()
            .is_some_and(|minimum| self.length >= minimum)
    }

    /// Whether `jws` was signed with it.
    #[must_use]
    pub fn verify(&self, jws: &UnverifiedJws<'_>) -> bool {
        self.fits(jws.alg) && jws.is_signed_with(&self.verifier)
    }
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_used_only_for_algorithms_it_is_long_enough_for() {
        let fits = |bytes: usize| {
            let key = SharedKey::new(&vec![1; bytes]);
            JwsAlg::ALL.into_iter().filter(|alg| key.fits(*alg)).count()
        };
        assert_eq!([31, 32, 48, 64].map(fits), [0, 1, 2, 3]);
    }

    #[test]
    fn a_shared_key_does_not_print() {
        assert_eq!(format!("{:?}", SharedKey::new(b"secret")), "[redacted]");
    }
}
