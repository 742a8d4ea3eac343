//! The replay cache: keys of things that may be used only once, such as the `jti` of a client assertion.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::error::StoreError;
use crate::crypto::identifiers::ReplayKey;

/// Detects the reuse of things that may be used only once, each by a unique key.
#[async_trait]
pub trait ReplayCache: Send + Sync {
    /// Inserts `key` until the time `until`. Of any number of concurrent callers, one gets `true`; no
    /// other caller does before `until`.
    async fn insert_once(
        &self,
        key: &ReplayKey,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Whether `key` was inserted and has not expired.
    async fn contains(&self, key: &ReplayKey, now: DateTime<Utc>) -> Result<bool, StoreError>;
}
