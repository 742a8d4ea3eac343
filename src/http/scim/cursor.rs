//! Reads all people in batches, so that a million people are neither held in memory nor block other
//! requests.

use panda_oidc_sdk::Subject;

use super::state::ScimState;
use crate::scim::UserRow;
use crate::store::StoreError;

/// How many people are read at once.
const BATCH_SIZE: u32 = 500;

/// How many people are skipped at once.
const SKIP_BATCH_SIZE: u32 = 20_000;

/// A position in the list of all people.
pub(super) struct UserCursor<'a> {
    state: &'a ScimState,
    after: Option<Subject>,
    ended: bool,
}

impl<'a> UserCursor<'a> {
    /// A cursor before the first person.
    pub(super) fn of(state: &'a ScimState) -> Self {
        Self {
            state,
            after: None,
            ended: false,
        }
    }

    /// Skips `many` people.
    pub(super) async fn skip(&mut self, mut many: u64) -> Result<(), StoreError> {
        while many > 0 && !self.ended {
            let steps =
                u32::try_from(many).map_or(SKIP_BATCH_SIZE, |many| many.min(SKIP_BATCH_SIZE));
            let seek = self.state.app.store.seek(self.after.as_ref(), steps);
            self.after = seek.await?;
            self.ended = self.after.is_none();
            many -= u64::from(steps);
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// The next batch of at most `most` people; empty at the end.
    pub(super) async fn next(&mut self, most: u32) -> Result<Vec<UserRow>, StoreError> {
        if self.ended {
            return Ok(Vec::new());
        }
        let most = most.min(BATCH_SIZE);
        let batch = self.state.app.store.user_rows(self.after.as_ref(), most);
        let batch = batch.await?;
        match batch.last() {
            Some(last) => self.after = Some(last.person.user.subject().clone()),
            None => self.ended = true,
        }
        tokio::task::yield_now().await;
        Ok(batch)
    }
}
