//! Removes the personal data of a person.

use std::sync::Arc;

use panda_oidc_sdk::Subject;

use super::backchannel_logout;
use crate::app::App;
use crate::directory::Presence;
use crate::store::StoreError;

/// What was removed.
#[derive(Debug)]
pub struct Forgotten {
    /// How many sessions ended.
    pub ended_sessions: usize,
    /// Whether the portal still lists the person. Then the next reading of its list brings the name back.
    pub is_listed: bool,
}

/// Removes name, phone, accounts, history and sessions of a person, and notifies the clients of the sessions.
/// `None` when the store knows neither the person nor an account of theirs.
///
/// # Errors
///
/// When the store fails.
pub async fn forget(app: &Arc<App>, subject: &Subject) -> Result<Option<Forgotten>, StoreError> {
    let person = app.store.person(subject).await?;
    let now = app.host.clock.now();
    let notice = app.logout_notifier.notice(None, now);
    let Some(ended) = app.store.forget(subject, &notice, now).await? else {
        return Ok(None);
    };
    backchannel_logout::notify_clients(app, &ended).await;
    let presence = person.map(|person| person.presence);
    Ok(Some(Forgotten {
        ended_sessions: ended.len(),
        is_listed: matches!(presence, Some(Presence::Listed | Presence::Absent(_))),
    }))
}
