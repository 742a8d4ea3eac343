//! The audit log.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::error::StoreError;
use crate::audit::{AuditFilter, Block, NewBlock, NewRecord, Record};

/// The audit log: records that are only added, and the blocks that seal them.
///
/// A person appears in a record by a pseudonym, which the store keeps apart. Where a person is forgotten
/// ([`People::forget`](super::People::forget)), the pseudonym stays and its meaning goes.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Adds records, in one commit.
    async fn append(&self, records: Vec<NewRecord>) -> Result<(), StoreError>;

    /// Up to `limit` records that `filter` selects, the newest first, before the one with the number `before`.
    async fn audit_records(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError>;

    /// The first `limit` records that are not sealed, in order.
    async fn unsealed_records(&self, limit: u32) -> Result<Vec<Record>, StoreError>;

    /// The last block.
    async fn last_block(&self) -> Result<Option<Block>, StoreError>;

    /// Up to `limit` blocks after the number `after`, in order.
    async fn blocks(&self, after: i64, limit: u32) -> Result<Vec<Block>, StoreError>;

    /// The records that name this block, in order.
    async fn records_of_block(&self, block: i64) -> Result<Vec<Record>, StoreError>;

    /// The number of records that name a block after `last`, which is none if the log is sound.
    async fn records_beyond(&self, last: i64) -> Result<i64, StoreError>;

    /// Stores a block and seals its records, in one commit. `false`, and nothing is changed, if another process
    /// was faster or has added a record among them.
    async fn seal(&self, block: NewBlock) -> Result<bool, StoreError>;

    /// Removes the records of the oldest block whose newest record is from before `before`. The block itself is
    /// kept until the next one is pruned: the chain begins with it. `false` if there is none.
    async fn prune_block(&self, before: DateTime<Utc>) -> Result<bool, StoreError>;
}
