//! The opened keys at one time: which one signs, which verify, and the JWKS.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::JwkSet;

use super::key_pair::SigningKey;
use super::known_tokens::KnownTokens;
use super::schedule::{Phase, schedule};
use super::sealed::{KeysError, SealedKey};
use super::signing_alg::SigningAlg;
use crate::crypto::Sealer;
use crate::crypto::handle::Digest;

/// The JWKS document (RFC 7517 §5), which changes when keys are rotated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jwks {
    /// The document as JSON.
    pub json: Bytes,
    /// Its entity tag, quoted (RFC 9110 §8.8.3).
    pub etag: String,
}

/// The keys that verify. It is never changed, only replaced.
pub(super) struct KeySet {
    /// In the order of [`SigningAlg::ALL`].
    signers: Vec<Arc<SigningKey>>,
    verifiers: Vec<Arc<SigningKey>>,
    pub jwks: Jwks,
    /// Tokens that one of `verifiers` has signed. A set that lacks a key of the set before remembers none of its
    /// tokens: one that is remembered is not verified again.
    pub known: Arc<KnownTokens>,
}

impl KeySet {
    /// Opens those of `sealed` that `before` does not hold already.
    pub(super) fn open(
        sealed: &[SealedKey],
        sealer: &Sealer,
        now: DateTime<Utc>,
        before: Option<&Self>,
    ) -> Result<Self, KeysError> {
        let (mut signers, mut verifiers, mut published) = (Vec::new(), Vec::new(), Vec::new());
        for alg in SigningAlg::ALL {
            let mut scheduled = schedule(sealed, alg, now);
            scheduled.retain(|one| one.phase.verifies());
            // A verifier that ignores the `kid` takes the first key of an algorithm.
            scheduled.sort_by_key(|one| one.phase != Phase::Current);
            if scheduled.is_empty() {
                return Err(KeysError::Missing(alg.as_str()));
            }
            for one in scheduled {
                let kid = &one.key.kid;
                let key = match before.and_then(|before| before.shared(kid)) {
                    Some(key) => key,
                    None => Arc::new(one.key.open(alg, sealer)?),
                };
                if one.phase == Phase::Current {
                    signers.push(Arc::clone(&key));
                }
                if one.phase.is_published() {
                    published.push(key.jwk.clone());
                }
                verifiers.push(key);
            }
        }
        let json = serde_json::to_vec(&JwkSet { keys: published });
        let json = json.map_err(|_| KeysError::Unusable("set".to_owned()))?;
        let has = |kid: &str| verifiers.iter().any(|key| key.kid == kid);
        let known = before.filter(|before| before.verifiers.iter().all(|key| has(&key.kid)));
        Ok(Self {
            known: known.map_or_else(Arc::default, |before| Arc::clone(&before.known)),
            signers,
            verifiers,
            jwks: Jwks {
                etag: format!("\"{}\"", Digest::of(&json).to_text()),
                json: json.into(),
            },
        })
    }

    /// The key that signs with `alg`.
    pub(super) fn signer(&self, alg: SigningAlg) -> &SigningKey {
        &self.signers[alg as usize]
    }

    /// The key with the identifier `kid`.
    pub(super) fn verifier(&self, kid: &str) -> Option<&SigningKey> {
        let mut verifiers = self.verifiers.iter();
        verifiers.find(|key| key.kid == kid).map(AsRef::as_ref)
    }

    fn shared(&self, kid: &str) -> Option<Arc<SigningKey>> {
        let mut verifiers = self.verifiers.iter();
        verifiers.find(|key| key.kid == kid).map(Arc::clone)
    }
}
