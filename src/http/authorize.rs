//! `/authorize`: the authorization endpoint (OIDC Core §3.1.2), and `/resume`, which continues an
//! authorization request after the user has signed in.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use panda_oidc_sdk::Entrance;

use super::account_switch;
use super::account_switch::SwitchTarget;
use super::authorization_request::{AuthorizationRequest, RequestError};
use super::ended_sessions::open_frames;
use super::error::{PageError, PageProblem, RefusedRequest};
use super::extract::browser::{BrowserRequest, RequestClient};
use super::extract::cookies::{CookieName, session_cookies};
use super::extract::form::require_form;
use super::extract::pending_requests::{open_request, store_request};
use super::extract::recent_launch::was_just_launched;
use super::onward;
use super::page::language::Language;
use super::page::login_required;
use super::response::{nothing_opened, see_other, set_cookies};
use crate::app::App;
use crate::login::failed_launch::Reason;
use crate::login::ticket;
use crate::oauth::params::Params;
use crate::oauth::reauthentication::RequestTime;
use crate::service::authorization::{AuthorizationDecision, AuthorizationOutcome, authorize};
use crate::service::sign_in::{ClaimedSwitch, PresentedTicket};

/// `GET /authorize`. Until the client and its `redirect_uri` are verified, an error is shown on a
/// page; after that, it is sent to the client.
pub(super) async fn get(State(app): State<Arc<App>>, browser: BrowserRequest) -> Response {
    let result = serve(&app, &browser, &browser.query).await;
    browser.respond(result)
}

/// `POST /authorize`: the parameters come in the body (OIDC Core §3.1.2.1).
pub(super) async fn post(
    State(app): State<Arc<App>>,
    mut browser: BrowserRequest,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let result = match require_form(&headers) {
        Ok(()) => serve_posted(&app, &mut browser, body).await,
        Err(error) => Err(PageProblem::Request(RefusedRequest::unread(error).into()).into()),
    };
    browser.respond(result)
}

/// `GET /resume/{name}`: continues a pending authorization request after the user has signed in.
/// Only the browser that began the request can: a resume URL that was stolen is worth nothing in
/// another one (N16, docs/security.md).
pub(super) async fn resume(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    mut browser: BrowserRequest,
) -> Response {
    let result = serve_resumed(&app, &mut browser, path).await;
    browser.respond(result)
}

async fn serve(app: &Arc<App>, browser: &BrowserRequest, raw: &str) -> Result<Response, PageError> {
    // What opens no page does nothing: it uses up no ticket and issues no code (N64, docs/security.md).
    if !browser.opens_page {
        return Ok(nothing_opened());
    }
    let request = AuthorizationRequest::new(app, raw)?;
    Ok(process(app, browser, &request).await)
}

/// A form posted from another site carries no `SameSite=Lax` cookies, so such a request is redirected
/// to `GET`, which carries them. Any ticket in it is dropped: without the session cookie the
/// current user could not confirm before the ticket signs another user in (N63,
/// docs/security.md). No portal posts a ticket.
async fn serve_posted(
    app: &Arc<App>,
    browser: &mut BrowserRequest,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, PageError> {
    let raw = browser.read_parameters(body)?;
    if browser.cookies.get(&CookieName::Session).is_none() {
        let parameter = app.provider.ticket_parameter();
        let params = Params::parse(ticket::strip_ticket(&raw, parameter).as_bytes())?;
        if params.well_formed().is_err() {
            return serve(app, browser, &raw).await;
        }
        let query = params.without(parameter);
        return Ok(see_other(&app.issuer.at(&format!("/authorize?{query}"))));
    }
    serve(app, browser, &raw).await
}

async fn serve_resumed(
    app: &Arc<App>,
    browser: &mut BrowserRequest,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, PageError> {
    if !browser.opens_page {
        return Ok(nothing_opened());
    }
    let Path(name) = path.map_err(|_| PageProblem::NoPendingRequest)?;
    let pending =
        open_request(app, &browser.cookies, &name).ok_or(PageProblem::NoPendingRequest)?;
    browser.set_locale(Language::from_ui_locales(&pending.request));
    browser.request_client = Some(RequestClient(pending.client_id.clone()));
    match AuthorizationRequest::resume(app, name.clone(), &pending) {
        Ok(request) => Ok(process(app, browser, &request).await),
        // The configuration has changed since. A request that will fail again must not divert the next
        // launch.
        Err(refusal) => {
            let mut response = refusal.into_response();
            forget_request(app, name, &mut response);
            Ok(response)
        }
    }
}

/// Grants a valid request, has the user act first, or refuses it.
async fn process(
    app: &Arc<App>,
    browser: &BrowserRequest,
    request: &AuthorizationRequest,
) -> Response {
    // 1. Decide.
    let (decision, handles, ended, just_launched) = match decide(app, browser, request).await {
        Ok((outcome, just_launched)) => {
            let AuthorizationOutcome {
                decision,
                handles,
                ended,
            } = outcome;
            let decision = decision.map_err(RequestError::from);
            (decision, handles, ended, just_launched)
        }
        Err(error) => (Err(error), None, Vec::new(), false),
    };
    let decision = decision.map_err(|error| request.page_error(error));
    // An error sent to the client ends the request, just as a code does.
    let ends_request = matches!(
        decision,
        Ok(AuthorizationDecision::Granted(_)) | Err(PageError::Redirect(..))
    );
    let is_granted = matches!(decision, Ok(AuthorizationDecision::Granted(_)));
    // The user can try again after an outage: the request waits meanwhile.
    let waits = match &decision {
        Err(PageError::Page(problem)) if request.ticket.is_some() => problem
            .reason()
            .filter(Reason::is_temporary)
            .and_then(|_| store_request(app, &browser.cookies, &request.pending(app))),
        _ => None,
    };
    // 2. Respond.
    let mut response = match decision {
        Ok(AuthorizationDecision::Granted(code)) => {
            let granted = request.authorization.redirect.with_code(code.expose());
            onward::with_code(app, browser, granted)
        }
        Ok(AuthorizationDecision::SignInRequired) => require_sign_in(app, browser, request),
        Ok(AuthorizationDecision::ConfirmSwitch(switch)) => {
            confirm_switch(app, browser, request, *switch)
                .unwrap_or_else(|problem| PageError::from(problem).into_response())
        }
        Err(error) => error.into_response(),
    };
    set_cookies(
        &mut response,
        session_cookies(app, &browser.cookies, handles),
    );
    // A launch leads to one login, so it is a fresh sign-in once.
    if is_granted && just_launched {
        set_cookies(&mut response, [CookieName::RecentLaunch.clear(&app.issuer)]);
    }
    set_cookies(
        &mut response,
        waits.into_iter().flat_map(|(_, cookies)| cookies),
    );
    if let Some(name) = request.resumed.clone().filter(|_| ends_request) {
        forget_request(app, name, &mut response);
    }
    open_frames(app, browser, &ended, response)
}

/// Removes the pending request `name` from the browser.
fn forget_request(app: &App, name: String, response: &mut Response) {
    let cookie = CookieName::PendingRequest(name).clear(&app.issuer);
    set_cookies(response, [cookie]);
}

/// Looks up what the browser brings, and has the use case decide. Also returns whether the client was
/// launched a moment ago.
async fn decide(
    app: &Arc<App>,
    browser: &BrowserRequest,
    request: &AuthorizationRequest,
) -> Result<(AuthorizationOutcome, bool), RequestError> {
    let ticket = match request.ticket.clone() {
        None => None,
        Some(found) => {
            let allowed = app.limits.launches.check_address(browser.client_ip.0);
            allowed.map_err(RequestError::RateLimited)?;
            Some(PresentedTicket {
                decodings: found.map_err(RequestError::InvalidTicket)?,
                from_portal: browser.from_portal,
                address: browser.client_ip.0,
            })
        }
    };
    let mut state = browser.state(app).await?;
    state.caller.client_id = Some(request.client_id().to_string());
    let requested_at = request.requested_at;
    let mut fresh_since = requested_at;
    let mut just_launched = false;
    if let Some(session) = &state.session {
        let allowed = app.limits.authorizations.check(session);
        allowed.map_err(RequestError::RateLimited)?;
        let client_id = request.authorization.client.id.as_str();
        just_launched = was_just_launched(app, &browser.cookies, client_id, session);
        // A ticket that comes with the request is verified itself.
        if just_launched && ticket.is_none() {
            fresh_since = fresh_since.min(session.auth_time);
        }
    }
    let time = RequestTime {
        requested_at,
        fresh_since,
    };
    let outcome = authorize(app, &request.authorization, time, state, ticket).await;
    Ok((outcome, just_launched))
}

/// Sends the user to the portal to sign in. A new request waits in a cookie meanwhile.
fn require_sign_in(
    app: &App,
    browser: &BrowserRequest,
    request: &AuthorizationRequest,
) -> Response {
    let client = Some(request.authorization.client.as_ref());
    if request.resumed.is_some() {
        // It waits already. The browser has just come from the portal: show the page, since a redirect
        // could go round in circles.
        return login_required::page(app, client, true, browser.language);
    }
    let stored = store_request(app, &browser.cookies, &request.pending(app));
    let mut response = match app.provider.entrance(app.issuer.url()) {
        Entrance::Redirect(portal) if stored.is_some() => see_other(portal.as_str()),
        // No page is shown at a URL that holds a ticket.
        _ => match &stored {
            Some((name, _)) if request.ticket.is_some() => {
                see_other(&app.issuer.at(&format!("/resume/{name}")))
            }
            _ => login_required::page(app, client, stored.is_some(), browser.language),
        },
    };
    let cookies = stored.into_iter().flat_map(|(_, cookies)| cookies);
    set_cookies(&mut response, cookies);
    response
}

/// Asks the user to confirm the switch. The request waits in a cookie meanwhile.
fn confirm_switch(
    app: &App,
    browser: &BrowserRequest,
    request: &AuthorizationRequest,
    switch: ClaimedSwitch,
) -> Result<Response, PageProblem> {
    let (name, cookies) =
        store_request(app, &browser.cookies, &request.pending(app)).ok_or(PageProblem::TooLarge)?;
    let onward = SwitchTarget {
        url: app.issuer.at(&format!("/resume/{name}")),
        client: None,
    };
    let mut response = account_switch::request_confirmation(app, browser, switch, onward)?;
    set_cookies(&mut response, cookies);
    Ok(response)
}
