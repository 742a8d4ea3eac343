//! `/logout`: the end session endpoint (RP-Initiated Logout 1.0), its confirmation page and its final
//! page.

use std::sync::Arc;

use super::ended_sessions::{frames, notes};
use super::error::{PageError, PageProblem, RefusedRequest};
use super::extract::browser::BrowserRequest;
use super::extract::cookies::CookieName;
use super::extract::form::require_form;
use super::page::form_post;
use super::page::login_required::portal_link;
use super::page::words::Text;
use super::page::{Form, Link, Page};
use super::response::{nothing_opened, see_other, set_cookies};
use crate::app::App;
use crate::login::logout_confirmation::PendingLogout;
use crate::login::ticket::strip_ticket;
use crate::oauth::discovery::path;
use crate::oauth::logout::{LogoutRequest, PARAMETERS, PostLogoutRedirect, read};
use crate::oauth::params::Params;
use crate::people::display_name;
use crate::service::logout::{end_session, session_to_end};
use crate::session::{EndedSession, Session};
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

/// The path that the confirmation form posts to.
pub(super) const CONFIRM_PATH: &str = "/logout/confirm";

/// The form field that marks a request which our own page posted again.
const REPOSTED: &str = "again";

/// `GET /logout`.
///
/// # Errors
///
/// [`PageProblem::Logout`] when the request is refused; [`PageProblem::Store`].
pub(super) async fn get(
    State(app): State<Arc<App>>,
    browser: BrowserRequest,
) -> Result<Response, PageError> {
    if !browser.opens_page {
        return Ok(nothing_opened());
    }
    serve(&app, &browser, &browser.query).await
}

/// `POST /logout`: the parameters come in the body.
///
/// A form posted from another site carries no `SameSite=Lax` cookies. If they may be missing, a page
/// of ours posts the request again, and the browser then sends them. A redirect to `GET` would work
/// too, but it would put `id_token_hint` into a URL, which browser histories and logs keep.
pub(super) async fn post(
    State(app): State<Arc<App>>,
    mut browser: BrowserRequest,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let result = serve_posted(&app, &mut browser, &headers, body).await;
    browser.respond(result)
}

async fn serve_posted(
    app: &Arc<App>,
    browser: &mut BrowserRequest,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, PageError> {
    require_form(headers)
        .map_err(|error| PageProblem::Logout(RefusedRequest::unread(error).into()))?;
    let raw = browser.read_parameters(body)?;
    if browser.cookies.get(&CookieName::Session).is_none() {
        let params = Params::parse(raw.as_bytes())?;
        let is_direct_call = !is_browser(headers) && params.get("id_token_hint").is_some();
        let reposted = params.get(REPOSTED).is_some();
        // A malformed request is refused with or without cookies; no need to repost
        // it.
        if !is_direct_call && !reposted && params.well_formed().is_ok() {
            return Ok(repost(app, &params));
        }
    }
    serve(app, browser, &raw).await
}

/// Whether a browser sent the form, judged by the headers that browsers add (Fetch §3.2, Fetch
/// Metadata). A browser too old for both is treated as a client that calls directly: the session
/// that its hint names is ended.
fn is_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN) || headers.contains_key("sec-fetch-mode")
}

/// A page that posts the logout request again from our own site.
fn repost(app: &App, params: &Params) -> Response {
    let field = |name| Some((name, params.get(name)?.to_owned()));
    let mut fields: Vec<_> = PARAMETERS.into_iter().filter_map(field).collect();
    fields.push((REPOSTED, "1".to_owned()));
    let title = Text::of(|words| &words.labels.signing_out);
    form_post::page(&title, &app.issuer.at(path::LOGOUT), &fields)
}

async fn serve(app: &Arc<App>, browser: &BrowserRequest, raw: &str) -> Result<Response, PageError> {
    let ticket = app.provider.ticket_parameter();
    let params = Params::parse(strip_ticket(raw, ticket).as_bytes())?;
    let request = read(&params, &app.clients, &app.keys, app.issuer.as_str());
    let uri = "post_logout_redirect_uri";
    let request = request.map_err(|error| {
        let refused = RefusedRequest::new(error, &params, uri, &app.clients, ticket);
        PageProblem::Logout(refused.into())
    })?;
    let state = browser.state(app).await?;
    let current = session_to_end(app, &state).await?;
    let plan = request.plan(current.as_ref());
    let ended = match &plan.session_to_end {
        Some(sid) => {
            end_session(
                app,
                sid,
                &request,
                browser.cookies.any(),
                browser.client_ip.0,
            )
            .await?
        }
        None => Vec::new(),
    };
    match &current {
        Some(session) if plan.needs_confirmation => {
            let is_signed_in = state.session.is_some();
            confirmation_page(app, browser, session, is_signed_in, &request).await
        }
        _ => Ok(after_logout(app, browser, &request, &ended)),
    }
}

/// `POST /logout/confirm`: the user confirmed the logout.
///
/// # Errors
///
/// [`PageProblem::NoPendingLogout`] when no confirmation is pending in this browser for this session;
/// [`PageProblem::Store`].
pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    browser: BrowserRequest,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, PageError> {
    require_form(&headers)
        .map_err(|error| PageProblem::Logout(RefusedRequest::unread(error).into()))?;
    let form = Params::parse(&body?)?;
    let sealed = form.get("confirmation").unwrap_or_default();
    let pending = PendingLogout::open(sealed, &app.logout_sealer, app.host.clock.now());
    let session = session_to_end(&app, &browser.state(&app).await?).await?;
    let pending = pending
        .filter(|pending| pending.applies_to(session.as_ref()))
        .ok_or(PageProblem::NoPendingLogout)?;
    let request = restore_request(&app, &pending);
    let ended = match session {
        Some(session) => {
            end_session(&app, &session.sid, &request, true, browser.client_ip.0).await?
        }
        None => Vec::new(),
    };
    Ok(after_logout(&app, &browser, &request, &ended))
}

/// Rebuilds the logout request from `pending`. It drops a client or redirect that is no longer
/// registered.
fn restore_request(app: &App, pending: &PendingLogout) -> LogoutRequest {
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

/// The page that asks the user to confirm the logout. It names the person only if they are still signed
/// in: in a browser that was left, another person may ask.
async fn confirmation_page(
    app: &App,
    browser: &BrowserRequest,
    session: &Session,
    is_signed_in: bool,
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
        .ok_or(PageProblem::Internal)?;
    let mut page = if is_signed_in {
        let name = display_name(&session.user.identity);
        Page::new(StatusCode::OK, |words| &words.confirm_logout).with("person", name)
    } else {
        Page::new(StatusCode::OK, |words| &words.confirm_earlier_logout)
    };
    page.notes = notes(app, &app.store.session_clients(&session.sid).await?);
    page.form = Some(Form {
        action: browser.localized(&app.issuer.at(CONFIRM_PATH)),
        confirmation,
        yes: Text::of(|words| &words.labels.sign_out),
        no: Link {
            url: browser.localized(&app.issuer.at("/launch")),
            label: Text::of(|words| &words.labels.stay_signed_in),
        },
    });
    Ok(page.into_response(browser.language, app))
}

/// The response after the session ended: a redirect to the client, or the signed-out page.
fn after_logout(
    app: &App,
    browser: &BrowserRequest,
    request: &LogoutRequest,
    ended: &[EndedSession],
) -> Response {
    let redirect = request.redirect.as_ref().map(PostLogoutRedirect::url);
    let frames = frames(app, ended);
    let mut response = match redirect {
        Some(url) if frames.is_empty() => see_other(&url),
        redirect => {
            let mut page = match ended {
                [] => Page::new(StatusCode::OK, |words| &words.not_signed_in),
                ended => signed_out_page(app, ended),
            };
            page.action = Some(match &redirect {
                Some(url) => Link {
                    url: url.clone(),
                    label: Text::of(|words| &words.labels.r#continue),
                },
                None => portal_link(app),
            });
            page.frames = frames;
            page.continue_url = redirect;
            page.into_response(browser.language, app)
        }
    };
    // Clear only the cookies that this request sent: a form posted from another site sends none, and
    // must not remove any (logout CSRF: N48, docs/security.md).
    let obsolete = [
        CookieName::Session,
        CookieName::Switch,
        CookieName::LoopGuard,
        // Its ticket belongs to no session yet, and would sign the person in again.
        CookieName::Retry,
    ]
    .into_iter();
    let sent = obsolete.filter(|name| browser.cookies.get(name).is_some());
    set_cookies(&mut response, sent.map(|name| name.clear(&app.issuer)));
    response
}

/// The page after sessions have ended.
fn signed_out_page(app: &App, ended: &[EndedSession]) -> Page {
    let mut clients: Vec<_> = ended.iter().flat_map(|it| it.clients.clone()).collect();
    clients.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    clients.dedup();
    let mut page = Page::new(StatusCode::OK, |words| &words.signed_out);
    page.notes = notes(app, &clients);
    page
}
