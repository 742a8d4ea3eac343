//! The limit of one session.

use std::sync::Arc;

use super::buckets::{Buckets, RateLimited};
use crate::session::{Session, SessionId};

/// A limit on the requests of one session, from whatever address they come.
pub struct SessionLimit(pub(super) Option<Arc<Buckets<SessionId>>>);

impl SessionLimit {
    /// Counts a request of `session`.
    ///
    /// # Errors
    ///
    /// [`RateLimited`] when the session has used up its limit.
    pub fn check(&self, session: &Session) -> Result<(), RateLimited> {
        let Some(buckets) = &self.0 else {
            return Ok(());
        };
        let (sid, subject) = (&session.sid, session.user.subject());
        buckets.check(sid, || format!("the session {sid} of {subject}"))
    }
}
