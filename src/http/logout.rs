//! `/logout`: the end session endpoint (RP-Initiated Logout 1.0), the question it asks and the page
//! it ends at.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use url::Url;

use super::authorization_response::form_post;
use super::error::{MAX_QUERY_BYTES, PageError, PageProblem};
use super::extract::browser::BrowserRequest;
use super::extract::client::is_form;
use super::extract::cookies::CookieName;
use super::page::language::{Language, Text};
use super::page::login_required::portal;
use super::page::{Form, Link, Page};
use super::response::{nothing_to_prefetch, see_other, set_cookies};
use crate::app::App;
use crate::login::logout_confirmation::PendingLogout;
use crate::oauth::discovery::path;
use crate::oauth::error::OAuthError;
use crate::oauth::logout::{LogoutRequest, PARAMETERS, PostLogoutRedirect, frame, read};
use crate::oauth::params::Params;
use crate::people::display_name;
use crate::service::logout::end_session;
use crate::service::sign_in::BrowserState;
use crate::session::{EndedSession, Session};

/// Where the question is answered.
pub(super) const CONFIRM: &str = "/logout/confirm";

/// What a page of ours adds when it posts a request again.
const AGAIN: &str = "again";

/// The most frames a page opens.
const MAX_FRAMES: usize = 20;

/// `GET /logout`.
///
/// # Errors
///
/// [`PageProblem::Logout`] when the request is refused; [`PageProblem::Store`].
pub(super) async fn get(
    State(app): State<Arc<App>>,
    browser: BrowserRequest,
) -> Result<Response, PageError> {
    if browser.prefetch {
        return Ok(nothing_to_prefetch());
    }
    serve(&app, &browser, &browser.query).await
}

/// `POST /logout`: the parameters come in the body.
///
/// A form posted from another site brings no `SameSite=Lax` cookies. Where they may be missing, a page
/// of ours posts the request again, and they come. A redirect would bring them as well, and would
/// put the hint into an address, where histories and logs keep it.
///
/// # Errors
///
/// As [`get`].
pub(super) async fn post(
    State(app): State<Arc<App>>,
    mut browser: BrowserRequest,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, PageError> {
    if !is_form(&headers) {
        let error = "the body is not application/x-www-form-urlencoded";
        return Err(PageProblem::Logout(OAuthError::invalid_request(error)).into());
    }
    let body = body.map_err(|_| PageProblem::TooLarge)?;
    let raw = String::from_utf8_lossy(&body);
    browser.language = Language::asked_for(&raw).unwrap_or(browser.language);
    if raw.len() > MAX_QUERY_BYTES {
        return Err(PageProblem::TooLarge.into());
    }
    if browser.cookies.get(&CookieName::Session).is_none() {
        let params = Params::parse(raw.as_bytes()).map_err(|_| PageProblem::TooLarge)?;
        let by_itself = !is_browser(&headers) && params.get("id_token_hint").is_some();
        let done = params.get(AGAIN).is_some();
        // One that repeats a parameter is refused, with the cookies or without.
        if !by_itself && !done && params.repeated().is_none() {
            return Ok(again(&app, &params));
        }
    }
    serve(&app, &browser, &raw).await
}

/// Whether a browser posted a form, by what browsers add to one (Fetch §3.2, Fetch Metadata). One too
/// old for either has the session of its hint ended, as a client that calls by itself.
fn is_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN) || headers.contains_key("sec-fetch-mode")
}

fn again(app: &App, params: &Params) -> Response {
    let said = |name| Some((name, params.get(name)?.to_owned()));
    let mut fields: Vec<_> = PARAMETERS.into_iter().filter_map(said).collect();
    fields.push((AGAIN, "1".to_owned()));
    let title = Text::new("正在退出登录", "Signing out");
    form_post(&title, &app.issuer.at(path::LOGOUT), &fields)
}

async fn serve(app: &Arc<App>, browser: &BrowserRequest, raw: &str) -> Result<Response, PageError> {
    let params = Params::parse(raw.as_bytes()).map_err(|_| PageProblem::TooLarge)?;
    let request = read(&params, &app.clients, &app.keys, app.issuer.as_str());
    let request = request.map_err(PageProblem::Logout)?;
    let known = browser.state(app).await?;
    let plan = request.plan(known.session.as_ref());
    let ended = match &plan.ends {
        Some(sid) => end_session(app, sid, &request, browser.cookies.any()).await?,
        None => None,
    };
    match &known.session {
        Some(session) if plan.asks => question(app, browser, session, &request),
        _ => Ok(gone(app, browser, &request, ended.as_ref())),
    }
}

/// `POST /logout/confirm`: the yes.
///
/// # Errors
///
/// [`PageProblem::NoLogout`] when the question was not asked in this browser, about this session;
/// [`PageProblem::Store`].
pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    browser: BrowserRequest,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, PageError> {
    let body = body.map_err(|_| PageProblem::TooLarge)?;
    let form = Params::parse(&body).map_err(|_| PageProblem::TooLarge)?;
    let sealed = form.get("confirmation").unwrap_or_default();
    let pending = PendingLogout::open(sealed, &app.logout_sealer, app.host.clock.now());
    let BrowserState { session, .. } = browser.state(&app).await?;
    let pending = pending
        .filter(|pending| pending.is_about(session.as_ref()))
        .ok_or(PageProblem::NoLogout)?;
    let request = reread(&app, &pending);
    let ended = match session {
        Some(session) => end_session(&app, &session.sid, &request, true).await?,
        None => None,
    };
    Ok(gone(&app, &browser, &request, ended.as_ref()))
}

/// The request that was asked about, as far as it still holds.
fn reread(app: &App, pending: &PendingLogout) -> LogoutRequest {
    let client = pending.client_id.as_deref();
    let client = client.and_then(|id| app.clients.get(id)).cloned();
    let redirect = match (&client, &pending.redirect) {
        (Some(client), Some((uri, state))) => {
            PostLogoutRedirect::check(uri, client, state.as_deref()).ok()
        }
        _ => None,
    };
    LogoutRequest {
        hint: None,
        client,
        redirect,
    }
}

/// Asks whoever is at the browser.
fn question(
    app: &App,
    browser: &BrowserRequest,
    session: &Session,
    request: &LogoutRequest,
) -> Result<Response, PageError> {
    let redirect = request.redirect.as_ref();
    let pending = PendingLogout {
        sid: session.sid.clone(),
        client_id: request.client.as_ref().map(|client| client.id.to_string()),
        redirect: redirect.map(|to| (to.uri().to_owned(), to.state().map(str::to_owned))),
        requested_at: app.host.clock.now(),
    };
    let confirmation = pending
        .seal(&app.logout_sealer)
        .ok_or(PageProblem::Broken)?;
    let name = display_name(&session.user.identity);
    let mut page = Page::new(
        StatusCode::OK,
        Text::new("退出登录？", "Sign out?"),
        Text::new(
            format!("这个浏览器现在由“{name}”登录。退出后，支持统一退出的应用也会一起退出。"),
            format!("“{name}” is signed in here. Apps that support it are signed out, too."),
        ),
    );
    page.form = Some(Form {
        action: app.issuer.at(CONFIRM),
        confirmation,
        yes: Text::new("退出登录", "Sign out"),
        no: Link {
            url: app.issuer.at("/launch"),
            label: Text::new("不退出", "Stay signed in"),
        },
    });
    Ok(page.answer(browser.language, app))
}

/// Nobody is signed in here any more: the browser goes on, or the person is told.
fn gone(
    app: &App,
    browser: &BrowserRequest,
    request: &LogoutRequest,
    ended: Option<&EndedSession>,
) -> Response {
    let frames = ended.map(|ended| frames(app, ended)).unwrap_or_default();
    let onward = request.redirect.as_ref().map(PostLogoutRedirect::url);
    let mut response = match onward {
        Some(onward) if frames.is_empty() => see_other(&onward),
        onward => signed_out(app, browser.language, frames, onward),
    };
    // Only what came with the request: a form of another site brings no cookies, and must not have
    // any removed (N48).
    let leftovers = [CookieName::Session, CookieName::Switch, CookieName::Rounds].into_iter();
    let sent = leftovers.filter(|jar| browser.cookies.get(jar).is_some());
    set_cookies(&mut response, sent.map(|jar| jar.clear(&app.issuer)));
    response
}

fn frames(app: &App, ended: &EndedSession) -> Vec<Url> {
    let clients = ended.clients.iter();
    let clients = clients.filter_map(|id| app.clients.get(id.as_str()));
    let frames = clients.filter_map(|client| frame(client, app.issuer.as_str(), &ended.sid));
    frames.take(MAX_FRAMES).collect()
}

fn signed_out(app: &App, language: Language, frames: Vec<Url>, onward: Option<String>) -> Response {
    let mut page = Page::new(
        StatusCode::OK,
        Text::new("已退出登录", "You are signed out"),
        Text::new(
            "支持统一退出的应用也会收到通知。熊猫智慧水务门户本身没有退出：如果别人也用这台电脑，请在门户里也退出登录。",
            "Apps that support it are told. The Panda Smart Water portal itself is not signed out: if others use this computer, sign out there, too.",
        ),
    );
    page.action = Some(match &onward {
        Some(url) => Link {
            url: url.clone(),
            label: Text::new("继续", "Continue"),
        },
        None => portal(app),
    });
    page.frames = frames;
    page.onward = onward;
    page.answer(language, app)
}
