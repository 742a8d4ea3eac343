//! Ending a session (RP-Initiated Logout 1.0).

use std::net::IpAddr;
use std::sync::Arc;

use openidconnect::ClientId;

use super::audit::About;
use super::sign_in::BrowserState;
use super::{audit, backchannel_logout};
use crate::app::App;
use crate::audit::SignOutCause;
use crate::oauth::logout::LogoutRequest;
use crate::session::{EndedSession, Session, SessionId};
use crate::store::StoreError;

/// The session that a logout in a browser ends: the live one or else the last one there. Closing a browser
/// loses the session cookie, and a session expires, but refresh tokens and apps may outlive both.
///
/// # Errors
///
/// When the store fails.
pub async fn session_to_end(
    app: &App,
    state: &BrowserState,
) -> Result<Option<Session>, StoreError> {
    match (&state.session, &state.browser) {
        (Some(session), _) => Ok(Some(session.clone())),
        (None, Some(browser)) => app.store.last_in(&browser.user_agent()).await,
        (None, None) => Ok(None),
    }
}

/// Ends the session `sid`, with the earlier ones of the same user in the same browser, and notifies their
/// clients. `by_browser` says that a browser waits for the response, from `address`: the client that
/// requested the logout is then notified after its browser is back. Returns nothing when there is no such
/// session.
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
) -> Result<Vec<EndedSession>, StoreError> {
    let initiator = request.notified_last(by_browser);
    let initiator = initiator.map(|client| client.id.clone());
    let client_id = request.client.as_ref().map(|client| client.id.as_str());
    let about = About {
        client_id: client_id.map(str::to_owned),
        address: Some(address),
        ..About::default()
    };
    end(app, sid, initiator, SignOutCause::Logout, about).await
}

/// [`end_session`] for whatever ends a session. `by` and `about` say what did, for the records.
pub(super) async fn end(
    app: &Arc<App>,
    sid: &SessionId,
    initiator: Option<ClientId>,
    by: SignOutCause,
    about: About,
) -> Result<Vec<EndedSession>, StoreError> {
    let notice = app.logout_notifier.notice(initiator, app.host.clock.now());
    let ended = app.store.end(sid, &notice).await?;
    audit::signed_out(app, &ended, by, &about).await?;
    let client_id = about.client_id.as_deref();
    let address = about.address.map(tracing::field::display);
    for ended in &ended {
        tracing::info!(subject = %ended.subject, sid = %ended.sid, client_id, address, "Signed {} out", ended.subject);
    }
    backchannel_logout::notify_clients(app, &ended).await;
    Ok(ended)
}
