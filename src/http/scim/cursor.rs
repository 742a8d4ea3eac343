//! Going through all people by parts, so that a million are never held, nor others held up.

use panda_oidc_sdk::Subject;

use super::state::ScimState;
use crate::scim::UserRow;
use crate::store::StoreError;

/// How many people are read at once.
const BATCH_SIZE: u32 = 500;

/// How many are passed by at once.
const SKIP_BATCH_SIZE: u32 = 20_000;

/// A place in the roll.
pub(super) struct UserCursor<'a> {
    state: &'a ScimState,
    after: Option<Subject>,
    ended: bool,
}

impl<'a> UserCursor<'a> {
    /// Before the first.
    pub(super) fn of(state: &'a ScimState) -> Self {
        Self {
            state,
            after: None,
            ended: false,
        }
    }

    /// Passes `many` people by.
    pub(super) async fn skip(&mut self, mut many: u64) -> Result<(), StoreError> {
        while many > 0 && !self.ended {
            let steps =
                u32::try_from(many).map_or(SKIP_BATCH_SIZE, |many| many.min(SKIP_BATCH_SIZE));
            let there = self.state.app.store.seek(self.after.as_ref(), steps);
            self.after = there.await?;
            self.ended = self.after.is_none();
            many -= u64::from(steps);
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// The next people, at most `most`; none when all have been seen.
    pub(super) async fn next(&mut self, most: u32) -> Result<Vec<UserRow>, StoreError> {
        if self.ended {
            return Ok(Vec::new());
        }
        let most = most.min(BATCH_SIZE);
        let part = self.state.app.store.user_rows(self.after.as_ref(), most);
        let part = part.await?;
        match part.last() {
            Some(last) => self.after = Some(last.person.user.subject().clone()),
            None => self.ended = true,
        }
        tokio::task::yield_now().await;
        Ok(part)
    }
}
