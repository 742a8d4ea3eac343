//! The signing keys and the JWKS: signs every token that the provider issues, and verifies those
//! that are presented to it. [`jws`], [`public_keys`] and [`shared_key`] handle tokens that other
//! parties sign.
//!
//! Private keys are parsed once and stay in aws-lc-rs. `jsonwebtoken` writes headers, computes
//! thumbprints and verifies. Why it does not sign: `docs/adr/0004-who-signs.md`.

pub mod decoys;
pub mod jws;
mod key_pair;
mod key_set;
mod known_tokens;
pub mod public_keys;
pub mod remote_jwks;
pub mod schedule;
mod sealed;
pub mod shared_key;
mod signing_alg;

use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::rand::SystemRandom;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::dangerous::insecure_decode;
use jsonwebtoken::{Header, TokenData, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::key_pair::SignError;
pub use self::key_set::Jwks;
use self::key_set::KeySet;
pub use self::sealed::{KeysError, SealedKey};
pub use self::signing_alg::SigningAlg;
use crate::crypto::Sealer;
use crate::crypto::handle::Digest;

/// The signing keys in use. Clones share them.
///
/// The set of keys is replaced as a whole; signing takes no lock.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    set: ArcSwap<KeySet>,
    random: SystemRandom,
}

impl Keys {
    /// Opens `sealed`. Which key of an algorithm signs at `now` is decided by [`schedule`].
    ///
    /// # Errors
    ///
    /// [`KeysError`] when an algorithm has no key, or a key cannot be opened.
    pub fn open(
        sealed: &[SealedKey],
        sealer: &Sealer,
        now: DateTime<Utc>,
    ) -> Result<Self, KeysError> {
        Ok(Self(Arc::new(Inner {
            set: ArcSwap::from_pointee(KeySet::open(sealed, sealer, now, None)?),
            random: SystemRandom::new(),
        })))
    }

    /// Takes over the keys in the store as they are at `now`, and returns the algorithms that another key signs
    /// from now on. Keys that were open stay open.
    ///
    /// # Errors
    ///
    /// [`KeysError`] when an algorithm has no key, or a key cannot be opened; the keys in use stay.
    pub fn update(
        &self,
        sealed: &[SealedKey],
        sealer: &Sealer,
        now: DateTime<Utc>,
    ) -> Result<Vec<SigningAlg>, KeysError> {
        let before = self.0.set.load_full();
        let set = KeySet::open(sealed, sealer, now, Some(&before))?;
        let is_changed = |alg: &SigningAlg| before.signer(*alg).kid != set.signer(*alg).kid;
        let changed = SigningAlg::ALL.into_iter().filter(is_changed).collect();
        self.0.set.store(Arc::new(set));
        Ok(changed)
    }

    /// The JWKS document (RFC 7517 §5).
    #[must_use]
    pub fn jwks(&self) -> Jwks {
        self.0.set.load().jwks.clone()
    }

    /// The identifier of the key that signs with `alg`.
    #[must_use]
    pub fn signing_kid(&self, alg: SigningAlg) -> String {
        self.0.set.load().signer(alg).kid.clone()
    }

    /// Signs `claims` with the key for `alg`, in the JWS compact form (RFC 7515 §3.1). The `typ`
    /// header names the kind of token (RFC 8725 §3.11).
    ///
    /// # Errors
    ///
    /// [`SignError`].
    pub fn sign<T: Serialize>(
        &self,
        alg: SigningAlg,
        typ: &str,
        claims: &T,
    ) -> Result<String, SignError> {
        let set = self.0.set.load();
        let key = set.signer(alg);
        let mut header = Header::new(alg.jose());
        header.typ = Some(typ.to_owned());
        header.kid = Some(key.kid.clone());
        let mut token = String::with_capacity(1024);
        BASE64_URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(&header)?, &mut token);
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims)?, &mut token);
        let signature = key.sign(&self.0.random, token.as_bytes())?;
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        set.known.insert(Digest::of(token.as_bytes()));
        Ok(token)
    }

    /// Verifies a token that one of these keys signed; `None` for any other.
    ///
    /// The header's `kid` selects one of our own keys, and the key determines the algorithm. `jku`,
    /// `x5u` and `jwk` are ignored (RFC 8725 §3.1, §3.10). The caller must check expiry, issuer and
    /// audience.
    #[must_use]
    pub fn verify<T: DeserializeOwned + Clone>(&self, unverified: &str) -> Option<TokenData<T>> {
        let set = self.0.set.load();
        let digest = Digest::of(unverified.as_bytes());
        if set.known.contains(&digest) {
            return insecure_decode(unverified).ok();
        }
        let header = jsonwebtoken::decode_header(unverified).ok()?;
        let kid = header.kid?;
        let key = set.verifier(&kid)?;
        let mut validation = Validation::new(key.alg.jose());
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let verified = jsonwebtoken::decode(unverified, &key.verifier, &validation).ok()?;
        set.known.insert(digest);
        Some(verified)
    }
}

/// The `at_hash` claim: the left half of the hash of the access token (OIDC Core §3.1.3.6).
/// Ed25519 uses SHA-512, the other algorithms SHA-256.
#[must_use]
pub fn at_hash(alg: SigningAlg, access_token: &str) -> String {
    use aws_lc_rs::digest::{SHA256, SHA512, digest};
    let hash = match alg {
        SigningAlg::EdDSA => digest(&SHA512, access_token.as_bytes()),
        SigningAlg::RS256 | SigningAlg::PS256 | SigningAlg::ES256 => {
            digest(&SHA256, access_token.as_bytes())
        }
    };
    let hash = hash.as_ref();
    BASE64_URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2])
}

#[cfg(test)]
mod tests;
