//! What is good for one use.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::error::StoreError;
use crate::crypto::identifiers::ReplayKey;

/// Whatever is good for one use, by a name that tells it apart from everything else.
#[async_trait]
pub trait ReplayCache: Send + Sync {
    /// Spends `name`: of any number of concurrent callers one gets `true`, and nobody else does
    /// until the time is `until`.
    async fn insert_once(
        &self,
        name: &ReplayKey,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Whether `name` was spent and its time is not over.
    async fn contains(&self, name: &ReplayKey, now: DateTime<Utc>) -> Result<bool, StoreError>;
}
