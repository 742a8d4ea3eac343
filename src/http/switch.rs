//! `/switch`: one question before another user takes over the browser (F5, N63).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use subtle::ConstantTimeEq as _;

use super::error::{PageError, PageProblem};
use super::extract::browser::BrowserRequest;
use super::extract::cookies::{CookieName, session_cookies};
use super::page::language::Text;
use super::page::{Form, Link, Page};
use super::response::{see_other, set_cookies};
use crate::app::App;
use crate::crypto::handle::Handle;
use crate::crypto::identifiers::BrowserId;
use crate::login::account_switch::PendingSwitch;
use crate::login::launch::VerifiedLogin;
use crate::login::sign_in::TicketHolder;
use crate::oauth::client::Client;
use crate::oauth::params::Params;
use crate::people::display_name;
use crate::service::access::denial;
use crate::service::sign_in::sign_in;
use crate::session::Session;

/// Where it goes on after a yes.
pub(super) struct Onward<'a> {
    /// The address.
    pub url: String,
    /// Whose it is, if it is a client's.
    pub client: Option<&'a Client>,
}

/// Sends the browser to the question, which waits in a cookie, in the language the request asked for.
///
/// # Errors
///
/// [`PageProblem::TooLarge`] when no cookie can hold it.
pub(super) fn ask(
    app: &App,
    browser: &BrowserRequest,
    arrival: VerifiedLogin,
    browser_id: &Handle,
    onward: Onward<'_>,
) -> Result<Response, PageProblem> {
    let pending = PendingSwitch {
        login: arrival,
        confirmation: Handle::random(&mut rand::rng()).expose().to_owned(),
        onward: onward.url,
        client_id: onward.client.map(|client| client.id.to_string()),
        requested_at: app.host.clock.now(),
    };
    let sealed = pending
        .seal(&app.switch_sealer)
        .ok_or(PageProblem::TooLarge)?;
    let page = match browser.language_asked_for {
        Some(language) => format!("/switch?ui_locales={}", language.tag()),
        None => "/switch".to_owned(),
    };
    let mut response = see_other(&app.issuer.at(&page));
    let browser_id = browser_id.expose().to_owned();
    set_cookies(
        &mut response,
        [
            CookieName::Browser.set(browser_id, Some(app.policy.ticket_memory), &app.issuer),
            CookieName::Switch.set(sealed, None, &app.issuer),
        ],
    );
    Ok(response)
}

/// `GET /switch`: the question.
///
/// # Errors
///
/// [`PageProblem::NoSwitch`] when none was asked in this browser.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    browser: BrowserRequest,
) -> Result<Response, PageError> {
    let pending = pending(&app, &browser)?;
    let known = browser.state(&app).await?;
    let newcomer = display_name(&pending.login.identity);
    let present = known
        .session
        .map(|session| display_name(&session.user.identity));
    let mut page = Page::new(
        StatusCode::OK,
        Text::new(
            format!("切换为{newcomer}？"),
            format!("Switch to {newcomer}?"),
        ),
        consequences(present.as_deref(), &newcomer),
    );
    page.form = Some(Form {
        action: app.issuer.at("/switch"),
        confirmation: pending.confirmation,
        yes: Text::new(format!("切换为{newcomer}"), format!("Switch to {newcomer}")),
        no: Link {
            url: app.issuer.at("/launch"),
            label: Text::new("不切换", "Do not switch"),
        },
    });
    Ok(page.answer(browser.language, &app))
}

/// What a yes does; `present` may have been signed out while the question stood there.
fn consequences(present: Option<&str>, newcomer: &str) -> Text {
    match present {
        Some(present) => Text::new(
            format!(
                "这个浏览器现在由“{present}”登录。切换后，“{present}”会从所有应用退出。如果不是您本人点击的链接，请选择不切换。"
            ),
            format!(
                "“{present}” is signed in here. After the switch, “{present}” is signed out of all apps. If you did not click a link yourself, do not switch."
            ),
        ),
        None => Text::new(
            format!(
                "将以“{newcomer}”的身份登录。之前的用户在这个浏览器里的登录已经结束。如果不是您本人点击的链接，请选择不切换。"
            ),
            format!(
                "You will be signed in as “{newcomer}”. The sign-in that was here before is over. If you did not click a link yourself, do not switch."
            ),
        ),
    }
}

/// `POST /switch`: the yes.
///
/// # Errors
///
/// [`PageProblem::NoSwitch`] when the question was not asked in this browser or the yes does not come
/// from its page; [`PageProblem::TicketRefused`] when the ticket was spent meanwhile;
/// [`PageProblem::Closed`] when the client is not open to the newcomer.
pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    browser: BrowserRequest,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, PageError> {
    let pending = pending(&app, &browser)?;
    let form = Params::parse(&body.map_err(|_| PageProblem::TooLarge)?)
        .map_err(|_| PageProblem::TooLarge)?;
    let repeated = form.get("confirmation").unwrap_or_default();
    if !bool::from(repeated.as_bytes().ct_eq(pending.confirmation.as_bytes())) {
        return Err(PageProblem::NoSwitch.into());
    }
    let known = browser.state(&app).await?;
    let browser_id = known.browser.clone();
    let browser_id = browser_id
        .filter(|id| TicketHolder::Browser(BrowserId::of(id)) == pending.login.holder)
        .ok_or(PageProblem::NoSwitch)?;
    let signed_in = sign_in(&app, &known, pending.login, browser_id).await?;
    // The sign-in stands, wherever it goes on.
    let mut response =
        match require_client(&app, pending.client_id.as_deref(), &signed_in.session).await {
            Ok(()) => see_other(&pending.onward),
            Err(error) => error.into_response(),
        };
    set_cookies(
        &mut response,
        session_cookies(&app, signed_in.handles)
            .into_iter()
            .chain([CookieName::Switch.clear(&app.issuer)]),
    );
    Ok(response)
}

/// Whether the client whose address comes next is still there (N45), and open to the newcomer (N44).
async fn require_client(
    app: &App,
    client_id: Option<&str>,
    session: &Session,
) -> Result<(), PageError> {
    let Some(client_id) = client_id else {
        return Ok(());
    };
    let client = app.clients.get(client_id).ok_or(PageProblem::NotFound)?;
    match denial(app, client, &session.user).await? {
        Some(denied) => Err(PageProblem::AccessDenied(denied).into()),
        None => Ok(()),
    }
}

fn pending(app: &App, browser: &BrowserRequest) -> Result<PendingSwitch, PageProblem> {
    let sealed = browser.cookies.get(&CookieName::Switch);
    let pending = sealed
        .and_then(|sealed| PendingSwitch::open(sealed, &app.switch_sealer, app.host.clock.now()));
    pending.ok_or(PageProblem::NoSwitch)
}
