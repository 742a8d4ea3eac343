//! The listing of sessions, for operators.

use async_trait::async_trait;
use panda_oidc_sdk::Subject;

use super::error::StoreError;
use crate::session::{EndedSession, ListedSession, LogoutNotice, SessionFilter, SessionId};

/// All sessions, also the expired ones that are still kept, ordered by subject and `sid` as text.
#[async_trait]
pub trait SessionListing: Send + Sync {
    /// Up to `limit` sessions that `filter` selects, after the session `after` of that person.
    async fn sessions(
        &self,
        filter: &SessionFilter,
        after: Option<(&Subject, &SessionId)>,
        limit: u32,
    ) -> Result<Vec<ListedSession>, StoreError>;

    /// Ends these sessions, and no others of their users, in one commit; otherwise as
    /// [`Sessions::end`](super::Sessions::end) does. Those that are over already are left out of the result.
    async fn end_sessions(
        &self,
        sids: Vec<SessionId>,
        notice: &LogoutNotice,
    ) -> Result<Vec<EndedSession>, StoreError>;
}

/// Sessions in one read, and in one commit. A concurrent login waits a few milliseconds for it at worst.
const BATCH_SIZE: u32 = 200;

/// Iterates over sessions in batches.
pub struct SessionBatches<'a> {
    store: &'a dyn SessionListing,
    filter: SessionFilter,
    after: Option<(Subject, SessionId)>,
}

impl<'a> SessionBatches<'a> {
    /// Starts before the first session that `filter` selects.
    #[must_use]
    pub fn of(store: &'a dyn SessionListing, filter: SessionFilter) -> Self {
        Self {
            store,
            filter,
            after: None,
        }
    }

    /// The next batch of sessions; empty when there are no more.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn next(&mut self) -> Result<Vec<ListedSession>, StoreError> {
        let after = self.after.as_ref().map(|(subject, sid)| (subject, sid));
        let batch = self.store.sessions(&self.filter, after, BATCH_SIZE).await?;
        if let Some(ListedSession { session, .. }) = batch.last() {
            self.after = Some((session.user.subject().clone(), session.sid.clone()));
        }
        // A read runs on the calling thread, so yield to other tasks between batches.
        tokio::task::yield_now().await;
        Ok(batch)
    }
}
