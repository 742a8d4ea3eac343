//! Signing keys, sealed under the master key.

use async_trait::async_trait;

use super::error::StoreError;
use crate::keys::SealedKey;

/// Signing keys, sealed under the master key.
#[async_trait]
pub trait SealedKeys: Send + Sync {
    /// All keys, oldest first.
    async fn keys(&self) -> Result<Vec<SealedKey>, StoreError>;

    /// Stores `key` unless there is a key of the same algorithm, and returns the stored one. Processes
    /// that start at the same time thus all sign with the same key.
    async fn insert_if_absent(&self, key: SealedKey) -> Result<SealedKey, StoreError>;
}
