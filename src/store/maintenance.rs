//! Keeping house.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::error::StoreError;

/// Keeping house.
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// Removes what has expired by `now`, sessions [`RUN_OUT_KEPT`](super::RUN_OUT_KEPT) later and not before the last
    /// offline grant that came from them, in small commits that do not hold up logins. Returns how many rows went.
    async fn sweep(&self, now: DateTime<Utc>) -> Result<usize, StoreError>;

    /// Whether the store can commit: writes nothing that stays.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Finishes what was begun and closes the store; later calls fail.
    async fn close(&self) -> Result<(), StoreError>;
}
