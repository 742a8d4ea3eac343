//! Readings of the directory. Each updates the people the store knows.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::error::StoreError;
use crate::crypto::identifiers::LeaseHolder;
use crate::directory::{Change, Report};
use crate::session::{EndedSession, LogoutNotice};

/// The exclusive right to read the directory, which one process has at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectoryLease {
    /// The process that holds the lease.
    pub holder: LeaseHolder,
    /// When the lease ends, unless it is renewed.
    pub until: DateTime<Utc>,
}

/// Readings of the directory. A reading stages its changes in batches; they take effect as a whole or
/// not at all.
///
/// Each step that takes a [`DirectoryLease`] renews it. It does nothing if another process has taken
/// the lease meanwhile.
#[async_trait]
pub trait DirectoryReadings: Send + Sync {
    /// Takes or renews the lease. `false` when another process holds it.
    async fn lease_directory(
        &self,
        lease: DirectoryLease,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Releases the lease.
    async fn release_directory(&self, holder: &LeaseHolder) -> Result<(), StoreError>;

    /// Stages changes, to be applied once the reading is accepted. A later change for a person
    /// replaces an earlier one. `false` when the lease was lost.
    async fn stage(&self, lease: DirectoryLease, changes: Vec<Change>) -> Result<bool, StoreError>;

    /// Discards up to `limit` staged changes that were not accepted, and returns how many. `None`
    /// when the lease was lost.
    async fn discard(&self, lease: DirectoryLease, limit: u32)
    -> Result<Option<usize>, StoreError>;

    /// Accepts the staged changes. From then on they will be applied, even if this process dies.
    /// `false` when the lease was lost.
    async fn accept(&self, lease: DirectoryLease, now: DateTime<Utc>) -> Result<bool, StoreError>;

    /// Applies up to `limit` accepted changes in one commit. It ends the sessions of people who left,
    /// and queues logout tokens for their clients as `notice` says. `None` when the lease was lost.
    async fn apply_accepted(
        &self,
        lease: DirectoryLease,
        limit: u32,
        notice: &LogoutNotice,
    ) -> Result<Option<AppliedChanges>, StoreError>;

    /// The report of the last reading.
    async fn report(&self) -> Result<Option<Report>, StoreError>;

    /// Stores the report of a reading.
    async fn save_report(&self, report: &Report) -> Result<(), StoreError>;
}

/// The changes that were applied in one commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppliedChanges {
    /// How many changes; zero when none are left.
    pub changes: usize,
    /// The sessions that these changes ended.
    pub ended: Vec<EndedSession>,
}
