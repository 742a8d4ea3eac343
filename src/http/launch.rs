//! `GET /launch[/{client_id}[/{path}]]`: a menu entry of the portal was clicked.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use panda_oidc_sdk::Ticket;

use super::error::{PageError, PageProblem};
use super::extract::browser::BrowserRequest;
use super::extract::cookies::{CookieName, session_cookies};
use super::extract::pending_requests::waiting;
use super::page::language::Text;
use super::page::{Link, Page, login_required};
use super::response::{nothing_to_prefetch, see_other, set_cookies};
use super::switch;
use super::switch::Onward;
use crate::app::App;
use crate::login::pending_request::PendingAuthorization;
use crate::login::redirect_loop::LoopGuard;
use crate::login::{pending_request, ticket};
use crate::oauth::client::{Client, NoSuchClient};
use crate::oauth::initiate_login::target;
use crate::people::display_name;
use crate::service::access::denial;
use crate::service::sign_in::{BrowserState, TicketSignIn, sign_in_with_ticket};
use crate::session::Session;
use crate::store::StoreError;

/// How long launches are counted together, at the least.
const ROUNDS_COOKIE: TimeDelta = TimeDelta::minutes(1);

/// `HEAD`: a link checker looks whether anything is there. The ticket is left alone (N64).
pub(super) async fn head() -> StatusCode {
    StatusCode::NO_CONTENT
}

/// `GET /`: somebody typed the address. The apps are one page further.
pub(super) async fn front_door(State(app): State<Arc<App>>) -> Response {
    see_other(&app.issuer.at("/launch"))
}

/// `GET /launch`: whatever waits is resumed, else the person chooses an app.
///
/// # Errors
///
/// [`PageError`], as below.
pub(super) async fn any(
    State(app): State<Arc<App>>,
    browser: BrowserRequest,
) -> Result<Response, PageError> {
    launch(
        &app,
        browser,
        Place {
            client: None,
            deep: None,
        },
    )
    .await
}

/// `GET /launch/{client_id}`.
///
/// # Errors
///
/// [`PageError`] when the client is unknown or nobody is signed in.
pub(super) async fn of_client(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    browser: BrowserRequest,
) -> Result<Response, PageError> {
    let Path(client) = path.map_err(|_| PageProblem::NotFound)?;
    launch(
        &app,
        browser,
        Place {
            client: Some(find(&app, &client).map_err(PageProblem::from)?),
            deep: None,
        },
    )
    .await
}

/// `GET /launch/{client_id}/{path}`: a page of the client's.
///
/// # Errors
///
/// As [`of_client`]; also when the path leaves the client's own pages.
pub(super) async fn deep(
    State(app): State<Arc<App>>,
    path: Result<Path<(String, String)>, PathRejection>,
    browser: BrowserRequest,
) -> Result<Response, PageError> {
    let Path((client, deep)) = path.map_err(|_| PageProblem::NotFound)?;
    launch(
        &app,
        browser,
        Place {
            client: Some(find(&app, &client).map_err(PageProblem::from)?),
            deep: Some(deep),
        },
    )
    .await
}

fn find(app: &App, client: &str) -> Result<Arc<Client>, NoSuchClient> {
    app.clients
        .get(client)
        .cloned()
        .ok_or_else(|| app.clients.nearest(client))
}

/// What a launch URL names.
struct Place {
    client: Option<Arc<Client>>,
    deep: Option<String>,
}

async fn launch(
    app: &Arc<App>,
    browser: BrowserRequest,
    place: Place,
) -> Result<Response, PageError> {
    let counted = app.limits.launches.address(browser.client_ip.0);
    counted.map_err(PageProblem::TooOften)?;
    if browser.prefetch {
        return Ok(nothing_to_prefetch());
    }
    let readings = ticket::find(&browser.query, app.provider.ticket_parameter())
        .map_err(PageProblem::UnfitTicket)?;
    let known = browser.state(app).await?;
    if readings.is_empty() {
        return without_ticket(app, &browser, known, &place).await;
    }
    with_ticket(app, &browser, &known, &place, readings).await
}

async fn without_ticket(
    app: &App,
    browser: &BrowserRequest,
    known: BrowserState,
    place: &Place,
) -> Result<Response, PageError> {
    let Some(session) = known.session else {
        return Ok(login_required::page(
            app,
            place.client.as_deref(),
            false,
            browser.language,
        ));
    };
    match &place.client {
        None => Ok(apps(app, browser, &session).await?),
        Some(client) => go_on(app, browser, &session, client, &onward(app, place, None)?).await,
    }
}

async fn with_ticket(
    app: &Arc<App>,
    browser: &BrowserRequest,
    known: &BrowserState,
    place: &Place,
    readings: Vec<Ticket>,
) -> Result<Response, PageError> {
    let waiting = waiting(app, &browser.cookies, app.host.clock.now());
    let resumes = pending_request::choose(
        &waiting,
        place.client.as_ref().map(|client| client.id.as_str()),
    );
    let fresh = waiting
        .iter()
        .any(|(name, parked)| Some(name.as_str()) == resumes && is_newer(parked, known));
    let onward = onward(app, place, resumes)?;
    match sign_in_with_ticket(app, known, readings, browser.from_portal, fresh).await? {
        TicketSignIn::ConfirmSwitch(arrival, browser_id) => {
            let client = place.client.as_deref().filter(|_| resumes.is_none());
            let onward = Onward {
                url: onward,
                client,
            };
            Ok(switch::ask(app, browser, *arrival, &browser_id, onward)?)
        }
        TicketSignIn::SignedIn(signed_in) => {
            let mut response = match (&place.client, resumes) {
                // The sign-in stands, wherever the launch ends.
                (Some(client), None) => go_on(app, browser, &signed_in.session, client, &onward)
                    .await
                    .unwrap_or_else(IntoResponse::into_response),
                _ => see_other(&onward),
            };
            set_cookies(&mut response, session_cookies(app, signed_in.handles));
            Ok(response)
        }
    }
}

/// Whether a request waits for a sign-in newer than the one there is.
fn is_newer(parked: &PendingAuthorization, known: &BrowserState) -> bool {
    known
        .session
        .as_ref()
        .is_some_and(|session| parked.requested_at > session.auth_time)
}

/// Where the launch ends once somebody is signed in.
fn onward(app: &App, place: &Place, resumes: Option<&str>) -> Result<String, PageProblem> {
    match (resumes, &place.client) {
        (Some(name), _) => Ok(app.issuer.at(&format!("/resume/{name}"))),
        (None, None) => Ok(app.issuer.at("/launch")),
        (None, Some(client)) => match target(client, place.deep.as_deref(), &app.issuer) {
            Ok(url) => Ok(url.into()),
            Err(error) => Err(PageProblem::NoTarget(client.id.to_string(), error)),
        },
    }
}

/// Sends the browser to the client, unless that is not open to the person, or the browser comes back
/// from there again and again.
async fn go_on(
    app: &App,
    browser: &BrowserRequest,
    session: &Session,
    client: &Client,
    onward: &str,
) -> Result<Response, PageError> {
    if let Some(denied) = denial(app, client, &session.user).await? {
        return Err(PageProblem::AccessDenied(denied).into());
    }
    let counted = app.limits.launches.client(client, browser.client_ip.0);
    counted.map_err(PageProblem::TooOften)?;
    let what = format!("{}.{}", client.id.as_str(), session.sid);
    let counted = browser
        .cookies
        .get(&CookieName::Rounds)
        .filter(|_| browser.query != "again");
    let Some(rounds) = LoopGuard::count(counted, &what, app.host.clock.now()) else {
        return Err(PageProblem::GoingRound(client.id.to_string()).into());
    };
    let mut response = see_other(onward);
    set_cookies(
        &mut response,
        [CookieName::Rounds.set(rounds.to_cookie(), Some(ROUNDS_COOKIE), &app.issuer)],
    );
    Ok(response)
}

/// A page for somebody who is signed in and has named no app: those that are open to them.
async fn apps(
    app: &App,
    browser: &BrowserRequest,
    session: &Session,
) -> Result<Response, StoreError> {
    let name = display_name(&session.user.identity);
    let mut page = Page::new(
        StatusCode::OK,
        Text::new(
            format!("{name}，您已登录"),
            format!("You are signed in, {name}"),
        ),
        Text::new("请选择要打开的应用。", "Choose the app to open."),
    );
    let clients = app.clients.all().into_iter();
    let launchable =
        clients.filter(|client| client.initiate_login_uri.is_some() || client.client_uri.is_some());
    for client in launchable {
        if denial(app, client, &session.user).await?.is_some() {
            continue;
        }
        page.choices.push(Link {
            url: app.issuer.at(&format!("/launch/{}", client.id.as_str())),
            label: Text::new(client.name.clone(), client.name.clone()),
        });
    }
    Ok(page.answer(browser.language, app))
}
