//! The people the store knows.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use panda_oidc_sdk::Subject;

use super::error::StoreError;
use crate::directory::{HistoryEntry, Person};
use crate::session::{EndedSession, LogoutNotice};

/// The people that are known: by a sign-in, or from the directory.
#[async_trait]
pub trait People: Send + Sync {
    /// The person called `subject`.
    async fn person(&self, subject: &Subject) -> Result<Option<Person>, StoreError>;

    /// The next people, at most `most`, in the order of their subjects as text.
    async fn people(&self, after: Option<&Subject>, most: u32) -> Result<Vec<Person>, StoreError>;

    /// What became of a person, in the order it happened.
    async fn history(&self, subject: &Subject) -> Result<Vec<HistoryEntry>, StoreError>;

    /// Removes what is personal of somebody: name, number, accounts, history, sessions. Of a leaver, it stays
    /// known that they left. `None` when nothing is known of them, not even an account.
    async fn forget(
        &self,
        subject: &Subject,
        farewell: &LogoutNotice,
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
const BATCH_SIZE: u32 = 1000;

/// Goes through all people by parts, so that a million are never held, nor others held up.
pub struct Everybody<'a> {
    store: &'a dyn People,
    after: Option<Subject>,
}

impl<'a> Everybody<'a> {
    /// Before the first.
    #[must_use]
    pub fn of(store: &'a dyn People) -> Self {
        Self { store, after: None }
    }

    /// The next people; none when all have been seen.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn next(&mut self) -> Result<Vec<Person>, StoreError> {
        let part = self.store.people(self.after.as_ref(), BATCH_SIZE).await?;
        if let Some(last) = part.last() {
            self.after = Some(last.user.subject().clone());
        }
        // Reads are done on the spot: let somebody else have the thread.
        tokio::task::yield_now().await;
        Ok(part)
    }
}
