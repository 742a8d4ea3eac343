//! Ends sessions that an operator selects.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::backchannel_logout;
use crate::app::App;
use crate::session::{EndedSession, SessionFilter};
use crate::store::{SessionBatches, StoreError};

/// What has ended.
#[derive(Debug, Default)]
pub struct EndedSessions {
    /// How many sessions.
    pub sessions: usize,
    /// The people whose sessions they were.
    pub people: BTreeSet<String>,
    /// The clients that were notified.
    pub clients: BTreeSet<String>,
}

/// Ends the sessions that `filter` selects, notifies their clients, and adds to `total` what has ended.
/// `progress` is called with the number of sessions of each batch. A session that begins meanwhile may stay.
///
/// # Errors
///
/// When the store fails. The batches before have ended.
pub async fn end_sessions(
    app: &Arc<App>,
    filter: SessionFilter,
    total: &mut EndedSessions,
    progress: impl Fn(u64),
) -> Result<(), StoreError> {
    let mut batches = SessionBatches::of(app.store.as_ref(), filter);
    loop {
        let batch = batches.next().await?;
        if batch.is_empty() {
            return Ok(());
        }
        let sids = batch.into_iter().map(|one| one.session.sid).collect();
        let notice = app.logout_notifier.notice(None, app.host.clock.now());
        let ended = app.store.end_sessions(sids, &notice).await?;
        progress(ended.len() as u64);
        backchannel_logout::notify_clients(app, &ended).await;
        total.add(&ended);
    }
}

impl EndedSessions {
    fn add(&mut self, ended: &[EndedSession]) {
        self.sessions += ended.len();
        for session in ended {
            self.people.insert(session.subject.to_string());
            let notified = session.leased.iter();
            self.clients
                .extend(notified.map(|one| one.client_id.to_string()));
        }
    }
}
