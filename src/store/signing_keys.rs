//! Signing keys, sealed under the master key.

use async_trait::async_trait;

use super::error::StoreError;
use crate::keys::SealedKey;

/// Signing keys, sealed under the master key.
#[async_trait]
pub trait SealedKeys: Send + Sync {
    /// All keys, oldest first.
    async fn keys(&self) -> Result<Vec<SealedKey>, StoreError>;

    /// Stores `key` unless one of the same algorithm is there, and answers with the one that is:
    /// of processes that start at once, all sign with the same key.
    async fn keep_first(&self, key: SealedKey) -> Result<SealedKey, StoreError>;
}
