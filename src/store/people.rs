//! The people the store knows.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use panda_oidc_sdk::Subject;

use super::error::StoreError;
use crate::directory::{HistoryEntry, Person};
use crate::session::{EndedSession, LogoutNotice};

/// The people the store knows, from a sign-in or from the directory.
#[async_trait]
pub trait People: Send + Sync {
    /// The person with this `subject`.
    async fn person(&self, subject: &Subject) -> Result<Option<Person>, StoreError>;

    /// Up to `limit` people after `after`, ordered by subject as text.
    async fn people(&self, after: Option<&Subject>, limit: u32) -> Result<Vec<Person>, StoreError>;

    /// The history of a person, oldest entry first.
    async fn history(&self, subject: &Subject) -> Result<Vec<HistoryEntry>, StoreError>;

    /// Removes the personal data of a person: name, phone number, accounts, history and sessions.
    /// For a leaver, the store remembers that they left. `None` when the store knows neither the
    /// person nor an account of theirs.
    async fn forget(
        &self,
        subject: &Subject,
        notice: &LogoutNotice,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<EndedSession>>, StoreError>;

    /// Removes the personal data of up to `limit` people who left before `before`. Returns how many.
    async fn forget_leavers(
        &self,
        before: DateTime<Utc>,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError>;
}

/// People in one read. A concurrent login waits a few milliseconds for it at worst.
const BATCH_SIZE: u32 = 1000;

/// Iterates over all people in batches: it neither holds a million people in memory nor delays other
/// requests.
pub struct PeopleBatches<'a> {
    store: &'a dyn People,
    after: Option<Subject>,
}

impl<'a> PeopleBatches<'a> {
    /// Starts before the first person.
    #[must_use]
    pub fn of(store: &'a dyn People) -> Self {
        Self { store, after: None }
    }

    /// The next batch of people; empty when there are no more.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn next(&mut self) -> Result<Vec<Person>, StoreError> {
        let batch = self.store.people(self.after.as_ref(), BATCH_SIZE).await?;
        if let Some(last) = batch.last() {
            self.after = Some(last.user.subject().clone());
        }
        // A read runs on the calling thread, so yield to other tasks between batches.
        tokio::task::yield_now().await;
        Ok(batch)
    }
}
