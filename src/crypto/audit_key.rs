//! Authenticates the blocks of the audit log.

use aws_lc_rs::hmac;

use super::KEY_BYTES;
use super::identifiers::BlockHash;

/// The key of the audit log: HMAC-SHA-256. Who can write the database but does not have the master key
/// cannot make a block.
#[derive(Clone)]
pub struct AuditKey(hmac::Key);

impl AuditKey {
    /// A key that must be used for nothing else.
    pub(super) fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The keyed hash of a block in canonical form.
    #[must_use]
    pub fn hash(&self, block: &[u8]) -> BlockHash {
        let mut hash = [0; 32];
        hash.copy_from_slice(hmac::sign(&self.0, block).as_ref());
        BlockHash::from(hash)
    }
}
