//! Signing keys, sealed under the master key.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

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

    /// Stores `key` if, of the keys of its algorithm that are not revoked, `after` is the one that signs last.
    /// Returns whether it was stored. Of replicas that rotate at the same time, one stores its key.
    async fn insert_next(&self, key: SealedKey, after: &str) -> Result<bool, StoreError>;

    /// Stores `keys`, one of an algorithm. With `revoked_at`, all others of these algorithms are revoked as of
    /// then, unless they were before.
    async fn insert_keys(
        &self,
        keys: Vec<SealedKey>,
        revoked_at: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError>;

    /// Removes the keys with these identifiers, and returns how many there were.
    async fn remove_keys(&self, kids: Vec<String>) -> Result<usize, StoreError>;
}
