//! `GET /launch[/{client_id}[/{path}]]`: the user clicked an entry of the portal's menu.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;

use super::account_switch;
use super::account_switch::SwitchTarget;
use super::ended_sessions::open_frames;
use super::error::{PageError, PageProblem};
use super::extract::browser::BrowserRequest;
use super::extract::cookies::{CookieName, session_cookies};
use super::extract::pending_requests::pending_requests;
use super::extract::recent_launch::mark_launch;
use super::page::words::Text;
use super::page::{Link, Page, login_required};
use super::response::{nothing_opened, see_other, set_cookies};
use crate::app::App;
use crate::login::redirect_loop::LoopGuard;
use crate::login::ticket_url::{self, Equals};
use crate::login::{pending_request, ticket};
use crate::oauth::client::Client;
use crate::oauth::clients::NoSuchClient;
use crate::oauth::initiate_login::{DeepLink, LaunchUrl, is_left_out, login_url};
use crate::people::display_name;
use crate::service::access::access_denial;
use crate::service::sign_in::{BrowserState, PresentedTicket, TicketSignIn, sign_in_with_ticket};
use crate::session::Session;
use crate::store::StoreError;

/// The path that the entries of the portal's menu point to.
pub(super) const LAUNCH: &str = "/launch";

/// How long the browser keeps the cookie that counts launches; longer than the loop guard's window.
const LAUNCH_COUNT_AGE: TimeDelta = TimeDelta::minutes(1);

/// The query of a launch that the user repeats after a redirect loop. It is no query of the client.
const AGAIN: &str = "again";

/// `HEAD`: answers link checkers. `HEAD` must not use up the ticket (N64, docs/security.md).
pub(super) async fn head() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// `HEAD` of a launch: 404 when there is no such client.
///
/// # Errors
///
/// [`PageProblem::NoSuchClient`], [`PageProblem::NotFound`].
pub(super) async fn head_client(
    State(app): State<Arc<App>>,
    path: Result<Path<Vec<(String, String)>>, PathRejection>,
) -> Result<StatusCode, PageError> {
    let Path(parameters) = path.map_err(|_| PageProblem::NotFound)?;
    let (_, client) = parameters.into_iter().next().ok_or(PageProblem::NotFound)?;
    find_client(&app, &client).map_err(PageProblem::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /`: redirects to the list of apps. People get here by typing the address.
pub(super) async fn root(State(app): State<Arc<App>>) -> Response {
    see_other(&app.issuer.at("/launch"))
}

/// `GET /launch`: resumes a pending authorization request, or lets the user choose an app.
///
/// # Errors
///
/// As [`launch_client`].
pub(super) async fn launch_any(
    State(app): State<Arc<App>>,
    browser: BrowserRequest,
) -> Result<Response, PageError> {
    launch_at(&app, browser, None, None).await
}

/// `GET /launch/{client_id}`.
///
/// # Errors
///
/// [`PageError`] when the client is unknown, the sign-in fails, or the user may not use the client.
pub(super) async fn launch_client(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    browser: BrowserRequest,
) -> Result<Response, PageError> {
    let Path(client) = path.map_err(|_| PageProblem::NotFound)?;
    launch_at(&app, browser, Some(client), None).await
}

/// `GET /launch/{client_id}/{path}`: a deep link into the client.
///
/// # Errors
///
/// As [`launch_client`]; also when the path leaves the client's registered URL prefix.
pub(super) async fn launch_deep_link(
    State(app): State<Arc<App>>,
    path: Result<Path<(String, String)>, PathRejection>,
    browser: BrowserRequest,
) -> Result<Response, PageError> {
    let Path((client, deep_link)) = path.map_err(|_| PageProblem::NotFound)?;
    launch_at(&app, browser, Some(client), Some(deep_link)).await
}

fn find_client(app: &App, client: &str) -> Result<Arc<Client>, NoSuchClient> {
    app.clients
        .get(client)
        .cloned()
        .ok_or_else(|| app.clients.nearest(client))
}

/// The client and the deep link that a launch URL names.
struct Destination {
    client: Option<Arc<Client>>,
    deep_link: Option<String>,
}

/// A launch of `client_id`, or of none, at the page `deep_link`.
///
/// # Errors
///
/// As [`launch_client`].
pub(super) async fn launch_at(
    app: &Arc<App>,
    browser: BrowserRequest,
    client_id: Option<String>,
    deep_link: Option<String>,
) -> Result<Response, PageError> {
    // What opens no page does nothing, so it is not counted.
    if !browser.opens_page {
        return Ok(nothing_opened());
    }
    app.limits.launches.check_address(browser.client_ip.0)?;
    let client = client_id.map(|client_id| find_client(app, &client_id));
    let destination = Destination {
        client: client.transpose().map_err(PageProblem::from)?,
        deep_link,
    };
    let decodings = ticket::find(&browser.query, app.provider.ticket_parameter())?;
    let mut state = browser.state(app).await?;
    let client = destination.client.as_ref();
    state.caller.client_id = client.map(|client| client.id.to_string());
    if decodings.is_empty() {
        return without_ticket(app, &browser, state, &destination).await;
    }
    let ticket = PresentedTicket {
        decodings,
        from_portal: browser.from_portal,
        address: browser.client_ip.0,
    };
    with_ticket(app, &browser, &state, &destination, ticket).await
}

async fn without_ticket(
    app: &App,
    browser: &BrowserRequest,
    state: BrowserState,
    destination: &Destination,
) -> Result<Response, PageError> {
    let Some(session) = state.session else {
        return Ok(login_required::page(
            app,
            destination.client.as_deref(),
            false,
            browser.language,
        ));
    };
    match &destination.client {
        None => Ok(app_list(app, browser, &session).await?),
        Some(client) => {
            let url = next_url(app, browser, destination, None)?;
            redirect_to_client(app, browser, &session, client, &url).await
        }
    }
}

async fn with_ticket(
    app: &Arc<App>,
    browser: &BrowserRequest,
    state: &BrowserState,
    destination: &Destination,
    ticket: PresentedTicket,
) -> Result<Response, PageError> {
    let pending = pending_requests(app, &browser.cookies, app.host.clock.now());
    let resumed = pending_request::choose(
        &pending,
        destination.client.as_ref().map(|client| client.id.as_str()),
    );
    let verify_again = match (resumed, &state.session) {
        (Some((_, request)), Some(session)) => request.is_newer_than(session),
        _ => false,
    };
    let url = next_url(
        app,
        browser,
        destination,
        resumed.map(|(name, _)| name.as_str()),
    )?;
    match sign_in_with_ticket(app, state, ticket, verify_again).await? {
        TicketSignIn::OtherUser(switch) => {
            let switch = switch.claim(app).await?;
            let client = destination.client.as_deref().filter(|_| resumed.is_none());
            let url = url.for_user(switch.login.identity.subject.as_str());
            let onward = SwitchTarget { url, client };
            Ok(account_switch::request_confirmation(
                app, browser, switch, onward,
            )?)
        }
        TicketSignIn::SignedIn(signed_in) => {
            let mut response = match (&destination.client, resumed) {
                // The user stays signed in even if the launch fails.
                (Some(client), None) => {
                    let session = &signed_in.session;
                    let mut response = redirect_to_client(app, browser, session, client, &url)
                        .await
                        .unwrap_or_else(IntoResponse::into_response);
                    // Only if the portal has verified the user.
                    if signed_in.handles.is_some() {
                        let mark = mark_launch(app, client.id.as_str(), session);
                        set_cookies(&mut response, mark);
                    }
                    response
                }
                _ => see_other(&url.for_user(signed_in.session.user.subject().as_str())),
            };
            let cookies = session_cookies(app, &browser.cookies, signed_in.handles);
            set_cookies(&mut response, cookies);
            let ended = &signed_in.ended;
            Ok(open_frames(app, browser, ended, response))
        }
    }
}

/// The URL to redirect to once the user is signed in. `resumed` names the pending request, if any.
fn next_url(
    app: &App,
    browser: &BrowserRequest,
    destination: &Destination,
    resumed: Option<&str>,
) -> Result<LaunchUrl, PageProblem> {
    let client = match (resumed, &destination.client) {
        (Some(name), _) => {
            let url = app.issuer.at(&format!("/resume/{name}"));
            return Ok(LaunchUrl::page(url));
        }
        (None, None) => return Ok(LaunchUrl::page(app.issuer.at("/launch"))),
        (None, Some(client)) => client,
    };
    let query = ticket_url::strip(&browser.query, app.provider.ticket_parameter(), Equals::Any);
    let deep = DeepLink {
        path: destination.deep_link.as_deref(),
        query: if query == AGAIN { "" } else { &query },
    };
    if is_left_out(client, deep) {
        tracing::info!(
            client_id = client.id.as_str(),
            "The query of a launch of {} is left out: it names another site, or the client has no client_uri",
            client.id.as_str()
        );
    }
    login_url(client, deep, &app.issuer)
        .map_err(|error| PageProblem::NoTarget(client.id.to_string(), error))
}

/// Redirects the browser to the client, unless the user may not use it or the browser is caught in a
/// redirect loop.
async fn redirect_to_client(
    app: &App,
    browser: &BrowserRequest,
    session: &Session,
    client: &Client,
    url: &LaunchUrl,
) -> Result<Response, PageError> {
    if let Some(denied) = access_denial(app, client, &session.user).await? {
        return Err(PageProblem::AccessDenied(denied).into());
    }
    let allowed = app
        .limits
        .launches
        .check_client(client, browser.client_ip.0);
    allowed.map_err(PageProblem::RateLimited)?;
    let launch_key = format!("{}.{}", client.id.as_str(), session.sid);
    let cookie = browser
        .cookies
        .get(&CookieName::LoopGuard)
        .filter(|_| browser.query != AGAIN);
    let Some(guard) = LoopGuard::count(cookie, &launch_key, app.host.clock.now()) else {
        return Err(PageProblem::RedirectLoop(client.id.to_string()).into());
    };
    let mut response = see_other(&url.for_user(session.user.subject().as_str()));
    set_cookies(
        &mut response,
        [CookieName::LoopGuard.set(guard.to_cookie(), Some(LAUNCH_COUNT_AGE), &app.issuer)],
    );
    Ok(response)
}

/// The page for a signed-in user who named no app. It lists the apps that the user may use.
async fn app_list(
    app: &App,
    browser: &BrowserRequest,
    session: &Session,
) -> Result<Response, StoreError> {
    let name = display_name(&session.user.identity);
    let mut page = Page::new(StatusCode::OK, |words| &words.apps).with("person", name);
    let clients = app.clients.all().into_iter();
    let launchable =
        clients.filter(|client| client.initiate_login_uri.is_some() || client.client_uri.is_some());
    for client in launchable {
        if access_denial(app, client, &session.user).await?.is_some() {
            continue;
        }
        page.choices.push(Link {
            url: app.issuer.at(&format!("/launch/{}", client.id.as_str())),
            label: Text::verbatim(&client.name),
        });
    }
    Ok(page.into_response(browser.language, app))
}
