//! Readings of the directory, which change the people the store knows.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::error::StoreError;
use crate::crypto::identifiers::LeaseHolder;
use crate::directory::{Change, Report};
use crate::session::{EndedSession, LogoutNotice};

/// A right to read the directory, which one process has at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectoryLease {
    /// Whose it is.
    pub holder: LeaseHolder,
    /// Until when, unless it is renewed.
    pub until: DateTime<Utc>,
}

/// Readings of the directory: what one finds is put down piece by piece, and holds as a whole or not
/// at all.
///
/// Each step but the first renews the lease, and does nothing when it is another's by now.
#[async_trait]
pub trait Readings: Send + Sync {
    /// Takes the lease, or renews it. `false` when another holder has it.
    async fn lease_directory(
        &self,
        lease: DirectoryLease,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Gives the lease back.
    async fn release_directory(&self, holder: &LeaseHolder) -> Result<(), StoreError>;

    /// Puts changes down that shall hold once the reading is accepted; of two for one person, the
    /// later. `false` when the lease is another's by now.
    async fn stage(&self, lease: DirectoryLease, changes: Vec<Change>) -> Result<bool, StoreError>;

    /// Throws at most `most` changes away that were not accepted, and says how many there were.
    /// `None` when the lease is another's by now.
    async fn discard(&self, lease: DirectoryLease, most: u32) -> Result<Option<usize>, StoreError>;

    /// Decides that the changes hold. From now on they will be carried out, whatever happens to this
    /// process. `false` when the lease is another's by now.
    async fn accept(&self, lease: DirectoryLease, now: DateTime<Utc>) -> Result<bool, StoreError>;

    /// Carries out at most `most` of the changes that were accepted, in one commit. Whoever left has
    /// no session any more; what their clients are to be told is queued as `farewell` says.
    /// `None` when the lease is another's by now.
    async fn carry_out(
        &self,
        lease: DirectoryLease,
        most: u32,
        farewell: &LogoutNotice,
    ) -> Result<Option<CarriedOut>, StoreError>;

    /// What the last reading came to.
    async fn report(&self) -> Result<Option<Report>, StoreError>;

    /// Remembers what a reading came to.
    async fn note(&self, report: &Report) -> Result<(), StoreError>;
}

/// What was carried out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CarriedOut {
    /// How many changes. None when nothing is left to be done.
    pub changes: usize,
    /// The sessions that ended by them.
    pub ended: Vec<EndedSession>,
}
