//! `/switch`: asks the user before another user replaces the session in the browser.
//!
//! Without the question, an attacker could sign a user in to the attacker's account with a link
//! that carries the attacker's ticket (login CSRF: N63, docs/security.md).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use subtle::ConstantTimeEq as _;

use crate::app::App;
use crate::crypto::handle::Handle;
use crate::http::ended_sessions::{notes, open_frames};
use crate::http::error::{PageError, PageProblem};
use crate::http::extract::browser::BrowserRequest;
use crate::http::extract::cookies::{CookieName, session_cookies};
use crate::http::extract::form::require_form;
use crate::http::extract::recent_launch::mark_launch;
use crate::http::page::words::Text;
use crate::http::page::{Form, Link, Page};
use crate::http::response::{see_other, set_cookies};
use crate::login::account_switch::PendingSwitch;
use crate::login::sign_in::TicketHolder;
use crate::login::verified_login::VerifiedLogin;
use crate::oauth::client::Client;
use crate::oauth::params::Params;
use crate::people::display_name;
use crate::service::access::access_denial;
use crate::service::sign_in::{ClaimedSwitch, sign_in};
use crate::session::Session;

/// Where the browser is redirected after the user confirms the switch.
pub(super) struct SwitchTarget<'a> {
    /// The URL.
    pub url: String,
    /// The client the URL belongs to; `None` for a page of the provider.
    pub client: Option<&'a Client>,
}

/// Stores the pending switch in a cookie and redirects the browser to the confirmation page, in the
/// requested language.
///
/// # Errors
///
/// [`PageProblem::TooLarge`] when the pending switch does not fit into a cookie.
pub(super) fn request_confirmation(
    app: &App,
    browser: &BrowserRequest,
    switch: ClaimedSwitch,
    onward: SwitchTarget<'_>,
) -> Result<Response, PageProblem> {
    let pending = PendingSwitch {
        holder: switch.login.holder.id(),
        identity: switch.login.identity,
        ticket: switch.login.ticket,
        confirmation: Handle::random(&mut rand::rng()).expose().to_owned(),
        continue_url: onward.url,
        client_id: onward.client.map(|client| client.id.to_string()),
        requested_at: app.host.clock.now(),
    };
    let sealed = pending
        .seal(&app.switch_sealer)
        .ok_or(PageProblem::TooLarge)?;
    let mut response = see_other(&browser.localized(&app.issuer.at("/switch")));
    set_cookies(
        &mut response,
        [
            CookieName::Browser.set(
                switch.browser.to_cookie(),
                Some(app.policy.ticket_memory),
                &app.issuer,
            ),
            CookieName::Switch.set(sealed, None, &app.issuer),
        ],
    );
    Ok(response)
}

/// `GET /switch`: the confirmation page.
///
/// # Errors
///
/// [`PageProblem::NoPendingSwitch`] when no switch is pending in this browser.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    browser: BrowserRequest,
) -> Result<Response, PageError> {
    let pending = pending(&app, &browser)?;
    let state = browser.state(&app).await?;
    let new_user = display_name(&pending.identity);
    let current_user = state.session.as_ref();
    let current_user = current_user.map(|session| display_name(&session.user.identity));
    let clients = match &state.session {
        Some(session) => app.store.session_clients(&session.sid).await?,
        None => Vec::new(),
    };
    let mut page = match current_user {
        // They may have been signed out in the meantime.
        None => Page::new(StatusCode::OK, |words| &words.confirm_sign_in),
        Some(name) => {
            Page::new(StatusCode::OK, |words| &words.confirm_switch).with("current_user", name)
        }
    }
    .with("new_user", &new_user);
    page.notes = notes(&app, &clients);
    page.form = Some(Form {
        action: browser.localized(&app.issuer.at("/switch")),
        confirmation: pending.confirmation,
        yes: Text::of(|words| &words.labels.switch_to).with("new_user", &new_user),
        no: Link {
            url: browser.localized(&app.issuer.at("/launch")),
            label: Text::of(|words| &words.labels.cancel_switch),
        },
    });
    Ok(page.into_response(browser.language, &app))
}

/// `POST /switch`: the user confirmed the switch.
///
/// # Errors
///
/// [`PageProblem::NoPendingSwitch`] when no switch is pending in this browser or the form is not the one of
/// its page; [`PageProblem::SignIn`] when the ticket was spent in the meantime;
/// [`PageProblem::AccessDenied`] when the new user may not use the client.
pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    browser: BrowserRequest,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, PageError> {
    require_form(&headers).map_err(|_| PageProblem::NoPendingSwitch)?;
    let pending = pending(&app, &browser)?;
    let form = Params::parse(&body?)?;
    let submitted = form.get("confirmation").unwrap_or_default();
    if !bool::from(submitted.as_bytes().ct_eq(pending.confirmation.as_bytes())) {
        return Err(PageProblem::NoPendingSwitch.into());
    }
    let mut state = browser.state(&app).await?;
    state.caller.client_id.clone_from(&pending.client_id);
    let handles = state.browser.clone();
    let handles = handles
        .filter(|handles| TicketHolder::from(handles).is(pending.holder))
        .ok_or(PageProblem::NoPendingSwitch)?;
    let login = VerifiedLogin {
        identity: pending.identity,
        ticket: pending.ticket,
        holder: TicketHolder::from(&handles),
        already_owned: true,
    };
    let signed_in = sign_in(&app, &state, login, handles).await?;
    // The new user stays signed in even if the client is refused.
    let mut response =
        match require_client(&app, pending.client_id.as_deref(), &signed_in.session).await {
            Ok(()) => see_other(&pending.continue_url),
            Err(error) => error.into_response(),
        };
    let client_id = pending.client_id.as_deref();
    let mark = client_id.and_then(|client_id| mark_launch(&app, client_id, &signed_in.session));
    set_cookies(
        &mut response,
        session_cookies(&app, &browser.cookies, signed_in.handles)
            .into_iter()
            .chain([CookieName::Switch.clear(&app.issuer)])
            .chain(mark),
    );
    Ok(open_frames(&app, &browser, &signed_in.ended, response))
}

/// Checks that the client to redirect to is still registered: the operator may have removed it while
/// the confirmation page was open (N45, docs/security.md). Checks too that the new user may use it:
/// a switch must not be a way around the client's access rules (N44).
async fn require_client(
    app: &App,
    client_id: Option<&str>,
    session: &Session,
) -> Result<(), PageError> {
    let Some(client_id) = client_id else {
        return Ok(());
    };
    let client = app.clients.get(client_id).ok_or(PageProblem::NotFound)?;
    match access_denial(app, client, &session.user).await? {
        Some(denied) => Err(PageProblem::AccessDenied(denied).into()),
        None => Ok(()),
    }
}

fn pending(app: &App, browser: &BrowserRequest) -> Result<PendingSwitch, PageProblem> {
    let sealed = browser.cookies.get(&CookieName::Switch);
    let pending = sealed
        .and_then(|sealed| PendingSwitch::open(sealed, &app.switch_sealer, app.host.clock.now()));
    pending.ok_or(PageProblem::NoPendingSwitch)
}
