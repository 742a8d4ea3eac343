//! Ending a session (RP-Initiated Logout 1.0).

use std::sync::Arc;

use openidconnect::ClientId;

use super::backchannel_logout;
use crate::app::App;
use crate::oauth::logout::LogoutRequest;
use crate::session::{EndedSession, SessionId};
use crate::store::StoreError;

/// Ends the session `sid` and has its clients notified. `by_browser` says that a browser waits for the
/// answer: the client that asked is notified when its browser is back. `None` when there is no such
/// session.
///
/// # Errors
///
/// When the store fails; then the session goes on.
pub async fn end_session(
    app: &Arc<App>,
    sid: &SessionId,
    request: &LogoutRequest,
    by_browser: bool,
) -> Result<Option<EndedSession>, StoreError> {
    let last = request.told_last(by_browser);
    let last: Option<ClientId> = last.map(|client| client.id.clone());
    let farewell = app.logout_notifier.notice(last, app.host.clock.now());
    let ended = app.store.end(sid, &farewell).await?;
    if let Some(ended) = &ended {
        let client_id = request.client.as_ref().map(|client| client.id.as_str());
        tracing::info!(subject = %ended.subject, %sid, client_id, "Signed {} out", ended.subject);
        backchannel_logout::notify_clients(app, std::slice::from_ref(ended)).await;
    }
    Ok(ended)
}
