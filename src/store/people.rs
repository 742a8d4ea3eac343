//! The people the store knows, and the readings of the directory that change them.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use panda_oidc_sdk::Subject;

use super::{Store, StoreError};
use crate::crypto::handle::Digest;
use crate::directory::{Change, Happening, Person, Report};
use crate::session::{EndedSession, Farewell};

/// The people that are known: by a sign-in, or from the directory.
#[async_trait]
pub trait People: Send + Sync {
    /// The person called `subject`.
    async fn person(&self, subject: &Subject) -> Result<Option<Person>, StoreError>;

    /// The next people, at most `most`, in the order of their subjects as text.
    async fn people(&self, after: Option<&Subject>, most: u32) -> Result<Vec<Person>, StoreError>;

    /// What became of a person, in the order it happened.
    async fn history(&self, subject: &Subject) -> Result<Vec<Happening>, StoreError>;

    /// Removes what is personal of somebody: name, number, accounts, history, sessions. Of a leaver, it stays
    /// known that they left. `None` when nothing is known of them, not even an account.
    async fn forget(
        &self,
        subject: &Subject,
        farewell: &Farewell,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<EndedSession>>, StoreError>;

    /// Does the same to at most `most` of those who left before `before`; says to how many.
    async fn forget_leavers(
        &self,
        before: DateTime<Utc>,
        most: u32,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError>;
}

/// How many people are read at once: a login beside it waits a few milliseconds at the worst.
const PART: u32 = 1000;

/// Goes through all people by parts, so that a million are never held, nor others held up.
pub struct Everybody<'a> {
    store: &'a dyn Store,
    after: Option<Subject>,
}

impl<'a> Everybody<'a> {
    /// Before the first.
    #[must_use]
    pub fn of(store: &'a dyn Store) -> Self {
        Self { store, after: None }
    }

    /// The next people; none when all have been seen.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn next(&mut self) -> Result<Vec<Person>, StoreError> {
        let part = self.store.people(self.after.as_ref(), PART).await?;
        if let Some(last) = part.last() {
            self.after = Some(last.user.subject().clone());
        }
        // Reads are done on the spot: let somebody else have the thread.
        tokio::task::yield_now().await;
        Ok(part)
    }
}

/// A right to read the directory, which one process has at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectoryLease {
    /// Whose it is.
    pub holder: Digest,
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
    async fn release_directory(&self, holder: &Digest) -> Result<(), StoreError>;

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
        farewell: &Farewell,
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
