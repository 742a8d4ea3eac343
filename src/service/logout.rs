//! Ending a session (RP-Initiated Logout 1.0).

use std::net::IpAddr;
use std::sync::Arc;

use openidconnect::ClientId;

use super::backchannel_logout;
use crate::app::App;
use crate::oauth::logout::LogoutRequest;
use crate::session::{EndedSession, SessionId};
use crate::store::StoreError;

/// Ends the session `sid` and notifies its clients. `by_browser` says that a browser waits for the
/// response, from `address`: the client that requested the logout is then notified after its browser is back.
/// Returns `None` when there is no such session.
///
/// # Errors
///
/// When the store fails; the session then stays alive.
pub async fn end_session(
    app: &Arc<App>,
    sid: &SessionId,
    request: &LogoutRequest,
    by_browser: bool,
    address: IpAddr,
) -> Result<Option<EndedSession>, StoreError> {
    let initiator = request.notified_last(by_browser);
    let initiator: Option<ClientId> = initiator.map(|client| client.id.clone());
    let notice = app.logout_notifier.notice(initiator, app.host.clock.now());
    let ended = app.store.end(sid, &notice).await?;
    if let Some(ended) = &ended {
        let client_id = request.client.as_ref().map(|client| client.id.as_str());
        tracing::info!(subject = %ended.subject, %sid, client_id, %address, "Signed {} out", ended.subject);
        backchannel_logout::notify_clients(app, std::slice::from_ref(ended)).await;
    }
    Ok(ended)
}
