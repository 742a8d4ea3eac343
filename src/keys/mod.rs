//! The signing keys and the JWKS: signs every token that the provider issues, and verifies those
//! that are presented to it. [`jws`], [`public_keys`] and [`shared_key`] handle tokens that other
//! parties sign.
//!
//! Private keys are parsed once and stay in aws-lc-rs. `jsonwebtoken` writes headers, computes
//! thumbprints and verifies. Why it does not sign: `docs/adr/0004-who-signs.md`.

pub mod decoys;
pub mod jws;
mod key_pair;
mod known_tokens;
pub mod public_keys;
pub mod remote_jwks;
mod sealed;
pub mod shared_key;
mod signing_alg;

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use jsonwebtoken::dangerous::insecure_decode;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Header, TokenData, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::key_pair::SignError;
use self::key_pair::SigningKey;
use self::known_tokens::KnownTokens;
pub use self::sealed::{KeysError, SealedKey};
pub use self::signing_alg::SigningAlg;
use crate::crypto::Sealer;
use crate::crypto::handle::Digest;

/// The signing keys in use. Clones share them.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    keys: Vec<SigningKey>,
    jwks: Bytes,
    random: SystemRandom,
    known: KnownTokens,
}

impl Keys {
    /// Opens `sealed`. The first key of each algorithm signs.
    ///
    /// # Errors
    ///
    /// [`KeysError`] when an algorithm has no key, or its key cannot be opened.
    pub fn open(sealed: &[SealedKey], sealer: &Sealer) -> Result<Self, KeysError> {
        let keys = SigningAlg::ALL.into_iter().map(|alg| {
            let key = sealed.iter().find(|key| key.alg == alg.as_str());
            key.ok_or(KeysError::Missing(alg.as_str()))?
                .open(alg, sealer)
        });
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let set = JwkSet {
            keys: keys.iter().map(|key| key.jwk.clone()).collect(),
        };
        let jwks = serde_json::to_vec(&set).map_err(|_| KeysError::Unusable("set".to_owned()))?;
        Ok(Self(Arc::new(Inner {
            keys,
            jwks: jwks.into(),
            random: SystemRandom::new(),
            known: KnownTokens::default(),
        })))
    }

    /// The JWKS document (RFC 7517 §5).
    #[must_use]
    pub fn jwks(&self) -> Bytes {
        self.0.jwks.clone()
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
        let key = self.key(alg).ok_or(SignError::Signature)?;
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
        self.0.known.insert(Digest::of(token.as_bytes()));
        Ok(token)
    }

    /// Verifies a token that one of these keys signed; `None` for any other.
    ///
    /// The header's `kid` selects one of our own keys, and the key determines the algorithm. `jku`,
    /// `x5u` and `jwk` are ignored (RFC 8725 §3.1, §3.10). The caller must check expiry, issuer and
    /// audience.
    #[must_use]
    pub fn verify<T: DeserializeOwned + Clone>(&self, unverified: &str) -> Option<TokenData<T>> {
        let digest = Digest::of(unverified.as_bytes());
        if self.0.known.contains(&digest) {
            return insecure_decode(unverified).ok();
        }
        let header = jsonwebtoken::decode_header(unverified).ok()?;
        let kid = header.kid?;
        let key = self.0.keys.iter().find(|key| key.kid == kid)?;
        let mut validation = Validation::new(key.alg.jose());
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let verified = jsonwebtoken::decode(unverified, &key.verifier, &validation).ok()?;
        self.0.known.insert(digest);
        Some(verified)
    }

    fn key(&self, alg: SigningAlg) -> Option<&SigningKey> {
        self.0.keys.iter().find(|key| key.alg == alg)
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
