//! Signing keys as stored: sealed under the master key.

use chrono::{DateTime, Utc};

use super::key_pair::{SigningKey, generate};
use super::signing_alg::SigningAlg;
use crate::crypto::Sealer;

/// A signing key as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedKey {
    /// Its RFC 7638 thumbprint.
    pub kid: String,
    /// The registered name of its JWS algorithm.
    pub alg: String,
    /// The PKCS#8 document, sealed.
    pub sealed: Vec<u8>,
    /// When it was generated.
    pub created_at: DateTime<Utc>,
    /// From when it signs.
    pub signs_from: DateTime<Utc>,
    /// When the operator revoked it.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Why the signing keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A key in the store was sealed under another master key.
    #[error(
        "the signing key {0} in the store does not open with this master key. Put back the master \
         key file that belongs to this store"
    )]
    OtherMasterKey(String),
    /// A key in the store is damaged, or of an algorithm this version does not know.
    #[error("the signing key {0} in the store cannot be used")]
    Unusable(String),
    /// An algorithm has no key.
    #[error("there is no signing key for {0}")]
    Missing(&'static str),
    /// The crypto library generated no key.
    #[error("no {0} key could be generated")]
    NotGenerated(&'static str),
}

impl SealedKey {
    /// Generates and seals a key for `alg`, with the creation time `now`. It signs from then on.
    ///
    /// # Errors
    ///
    /// [`KeysError::NotGenerated`].
    pub fn generate(
        alg: SigningAlg,
        sealer: &Sealer,
        now: DateTime<Utc>,
    ) -> Result<Self, KeysError> {
        let not_generated = || KeysError::NotGenerated(alg.as_str());
        let pkcs8 = generate(alg).ok_or_else(not_generated)?;
        let key = SigningKey::parse(alg, &pkcs8).ok_or_else(not_generated)?;
        Ok(Self {
            alg: alg.as_str().to_owned(),
            sealed: sealer.seal(&pkcs8, key.kid.as_bytes()),
            kid: key.kid,
            created_at: now,
            signs_from: now,
            revoked_at: None,
        })
    }

    /// Opens the key, which must be a key for `alg`.
    pub(super) fn open(&self, alg: SigningAlg, sealer: &Sealer) -> Result<SigningKey, KeysError> {
        let pkcs8 = sealer
            .open(&self.sealed, self.kid.as_bytes())
            .ok_or_else(|| KeysError::OtherMasterKey(self.kid.clone()))?;
        let key = SigningKey::parse(alg, &pkcs8).filter(|key| key.kid == self.kid);
        key.ok_or_else(|| KeysError::Unusable(self.kid.clone()))
    }
}
