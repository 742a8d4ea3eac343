//! Maintenance of the store.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::error::StoreError;

/// Maintenance of the store.
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// Removes rows that have expired by `now`, and returns how many.
    ///
    /// A session is removed [`EXPIRED_SESSION_RETENTION`](super::EXPIRED_SESSION_RETENTION) after it expired, and not before
    /// its last offline grant. The commits are small, so that logins do not wait for them.
    async fn sweep(&self, now: DateTime<Utc>) -> Result<usize, StoreError>;

    /// Checks that the store can read and commit. Changes no data.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Finishes pending writes and closes the store. Later calls fail.
    async fn close(&self) -> Result<(), StoreError>;
}
