//! `/authorize`: the authorization endpoint (OIDC Core §3.1.2), and `/resume`, which continues an
//! authorization request after the user has signed in.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use panda_oidc_sdk::{Entrance, LoginError, Ticket};

use super::account_switch;
use super::account_switch::SwitchTarget;
use super::authorization_response::into_response;
use super::error::{MAX_QUERY_BYTES, PageError, PageProblem};
use super::extract::browser::BrowserRequest;
use super::extract::cookies::{CookieName, session_cookies};
use super::extract::pending_requests::store_request;
use super::page::language::Language;
use super::page::login_required;
use super::response::{nothing_to_prefetch, see_other, set_cookies};
use crate::app::App;
use crate::login::pending_request::PendingAuthorization;
use crate::login::ticket;
use crate::oauth::authorize::{Authorization, authorize};
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::params::Params;
use crate::oauth::reauthentication::is_recent_enough;
use crate::service::authorization::{self, AuthorizationError, AuthorizationOutcome};
use crate::service::sign_in::{BrowserState, PresentedTicket, TicketSignIn, sign_in_with_ticket};
use crate::service::ticket_verification::SignInError;
use crate::session::Session;
use crate::store::StoreError;

/// `GET /authorize`.
///
/// # Errors
///
/// [`PageError`]. Until the client and its `redirect_uri` are verified, the error is shown on a page;
/// after that, it is sent to the client.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    browser: BrowserRequest,
) -> Result<Response, PageError> {
    serve(&app, &browser, &browser.query).await
}

/// `POST /authorize`: the parameters come in the body (OIDC Core §3.1.2.1).
///
/// A form posted from another site carries no `SameSite=Lax` cookies, so such a request is redirected
/// to `GET`, which carries them. Any ticket in it is dropped: without the session cookie the
/// current user could not confirm before the ticket signs another user in (N63,
/// docs/security.md). No portal posts a ticket.
///
/// # Errors
///
/// As [`get`].
pub(super) async fn post(
    State(app): State<Arc<App>>,
    mut browser: BrowserRequest,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, (Extension<Language>, PageError)> {
    let body = body.map_err(|_| (Extension(browser.language), PageProblem::TooLarge.into()))?;
    let raw = String::from_utf8_lossy(&body);
    browser.set_locale(Language::from_ui_locales(&raw));
    let result = serve_post(&app, &browser, &raw).await;
    result.map_err(|error| (Extension(browser.language), error))
}

async fn serve_post(
    app: &Arc<App>,
    browser: &BrowserRequest,
    raw: &str,
) -> Result<Response, PageError> {
    if raw.len() > MAX_QUERY_BYTES {
        return Err(PageProblem::TooLarge.into());
    }
    if browser.cookies.get(&CookieName::Session).is_none() {
        let parameter = app.provider.ticket_parameter();
        let query = parse(&ticket::strip_ticket(raw, parameter))?.without(parameter);
        return Ok(see_other(&app.issuer.at(&format!("/authorize?{query}"))));
    }
    serve(app, browser, raw).await
}

/// `GET /resume/{name}`: continues a pending authorization request after the user has signed in.
///
/// # Errors
///
/// [`PageProblem::NoPendingRequest`] when this browser holds no such request: only the browser that began
/// a request may resume it (N16). Otherwise as [`get`].
pub(super) async fn resume(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    mut browser: BrowserRequest,
) -> Result<Response, (Extension<Language>, PageError)> {
    let now = app.host.clock.now();
    let found = path.ok().and_then(|Path(name)| {
        let sealed = browser
            .cookies
            .get(&CookieName::PendingRequest(name.clone()))?;
        let pending = PendingAuthorization::open(sealed, &app.pending_request_sealer, &name, now)?;
        Some((name, pending))
    });
    let Some((name, pending)) = found else {
        return Err((
            Extension(browser.language),
            PageProblem::NoPendingRequest.into(),
        ));
    };
    browser.set_locale(Language::from_ui_locales(&pending.request));
    let result = serve_resumed(&app, &browser, name, pending).await;
    result.map_err(|error| (Extension(browser.language), error))
}

async fn serve_resumed(
    app: &Arc<App>,
    browser: &BrowserRequest,
    name: String,
    pending: PendingAuthorization,
) -> Result<Response, PageError> {
    let params = parse(&pending.request)?;
    let authorization = authorize(&params, &app.clients, app.issuer.as_str())?;
    let request = Request {
        app,
        browser,
        authorization: &authorization,
        pending,
    };
    let result = request
        .resume()
        .await
        .map_err(|error| request.page_error(error));
    let mut response = match result {
        Ok(Some(response)) => response,
        Ok(None) => {
            let client = Some(authorization.client.as_ref());
            return Ok(login_required::page(app, client, true, browser.language));
        }
        // An error sent to the client ends the request, just as a code does.
        Err(error @ PageError::Redirect(..)) => error.into_response(),
        Err(error) => return Err(error),
    };
    set_cookies(
        &mut response,
        [CookieName::PendingRequest(name).clear(&app.issuer)],
    );
    Ok(response)
}

async fn serve(app: &Arc<App>, browser: &BrowserRequest, raw: &str) -> Result<Response, PageError> {
    // 1. Validate the request. Until the redirect URI is verified, errors are shown on a page.
    let parameter = app.provider.ticket_parameter();
    let params = parse(&ticket::strip_ticket(raw, parameter))?;
    let authorization = authorize(&params, &app.clients, app.issuer.as_str())?;
    let request = Request {
        app,
        browser,
        authorization: &authorization,
        pending: PendingAuthorization {
            request: params.without(parameter),
            client_id: authorization.client.id.to_string(),
            requested_at: app.host.clock.now(),
        },
    };
    // 2. Grant it, have the person sign in, or refuse it.
    let result = request.respond(raw).await;
    result.map_err(|error| request.page_error(error))
}

fn parse(query: &str) -> Result<Params, PageProblem> {
    Params::parse(query.as_bytes()).map_err(|_| PageProblem::TooLarge)
}

/// Why a request was not granted. [`Request::page_error`] alone decides who receives the error.
enum RequestError {
    /// The protocol refuses it. The error goes to the client.
    Refused(OAuthError),
    /// The user may not use the client. The error goes to the client, the problem to the log.
    Denied(OAuthError, PageProblem),
    /// A problem that is shown to the user on a page, unless the client forbids pages.
    Problem(PageProblem),
}

impl From<StoreError> for RequestError {
    fn from(error: StoreError) -> Self {
        Self::Problem(error.into())
    }
}

impl From<PageProblem> for RequestError {
    fn from(problem: PageProblem) -> Self {
        Self::Problem(problem)
    }
}

impl From<SignInError> for RequestError {
    fn from(error: SignInError) -> Self {
        Self::Problem(error.into())
    }
}

impl From<AuthorizationError> for RequestError {
    fn from(error: AuthorizationError) -> Self {
        match error {
            AuthorizationError::Refused(error) => Self::Refused(error),
            AuthorizationError::Denied(denied) => {
                let description = "the app is not open to the person who is signed in";
                let error = OAuthError::new(ErrorCode::AccessDenied, description);
                Self::Denied(error, denied.into())
            }
            AuthorizationError::Store(error) => error.into(),
        }
    }
}

/// A validated authorization request that is being processed.
struct Request<'a> {
    app: &'a Arc<App>,
    browser: &'a BrowserRequest,
    authorization: &'a Authorization,
    pending: PendingAuthorization,
}

impl Request<'_> {
    /// Responds to the request, whose raw parameters, ticket included, are in `raw`.
    async fn respond(&self, raw: &str) -> Result<Response, RequestError> {
        let decodings = ticket::find(raw, self.app.provider.ticket_parameter());
        let decodings = decodings.map_err(PageProblem::InvalidTicket)?;
        if !decodings.is_empty() && self.browser.prefetch {
            return Ok(nothing_to_prefetch());
        }
        let state = self.browser.state(self.app).await?;
        if !decodings.is_empty() {
            return self.with_ticket(&state, decodings).await;
        }
        let granted = self.grant(state.session.as_ref()).await?;
        Ok(granted.unwrap_or_else(|| self.require_sign_in()))
    }

    /// Continues a pending request; `None` when the user still has to sign in.
    async fn resume(&self) -> Result<Option<Response>, RequestError> {
        let state = self.browser.state(self.app).await?;
        self.grant(state.session.as_ref()).await
    }

    /// The response with the code; `None` when the user has to sign in first.
    async fn grant(&self, session: Option<&Session>) -> Result<Option<Response>, RequestError> {
        let requested_at = self.pending.requested_at;
        let outcome =
            authorization::authorize(self.app, self.authorization, session, requested_at).await?;
        Ok(match outcome {
            AuthorizationOutcome::SignInRequired => None,
            AuthorizationOutcome::Granted(code) => {
                let granted = self.authorization.redirect.with_code(code.expose());
                Some(into_response(&granted))
            }
        })
    }

    /// Signs the user in with the ticket in the request, then processes the request.
    async fn with_ticket(
        &self,
        state: &BrowserState,
        decodings: Vec<Ticket>,
    ) -> Result<Response, RequestError> {
        let allowed = self
            .app
            .limits
            .launches
            .check_address(self.browser.client_ip.0);
        allowed.map_err(PageProblem::RateLimited)?;
        // The back button and a reload send the same ticket again. The portal verifies it again only
        // if the sign-in it produced is not recent enough for this request.
        let session = state.session.as_ref();
        let requested_at = self.pending.requested_at;
        let verify_again =
            !is_recent_enough(self.authorization, session, requested_at, requested_at);
        let ticket = PresentedTicket {
            decodings,
            from_portal: self.browser.from_portal,
        };
        match sign_in_with_ticket(self.app, state, ticket, verify_again).await? {
            TicketSignIn::SignedIn(signed_in) => {
                let granted = self.grant(Some(&signed_in.session)).await;
                // The user stays signed in even if the request fails.
                let mut response = match granted {
                    Ok(granted) => granted.unwrap_or_else(|| self.require_sign_in()),
                    Err(error) => self.page_error(error).into_response(),
                };
                set_cookies(&mut response, session_cookies(self.app, signed_in.handles));
                Ok(response)
            }
            TicketSignIn::OtherUser(_) if self.authorization.prompt.none => {
                Err(RequestError::Refused(OAuthError::new(
                    ErrorCode::LoginRequired,
                    "another person is signed in here, and prompt=none forbids asking",
                )))
            }
            TicketSignIn::OtherUser(switch) => {
                let switch = switch.claim(self.app).await?;
                let (name, cookies) = store_request(self.app, &self.browser.cookies, &self.pending)
                    .ok_or(PageProblem::TooLarge)?;
                let onward = SwitchTarget {
                    url: self.app.issuer.at(&format!("/resume/{name}")),
                    client: None,
                };
                let mut response =
                    account_switch::request_confirmation(self.app, self.browser, switch, onward)?;
                set_cookies(&mut response, cookies);
                Ok(response)
            }
        }
    }

    /// Stores the request in a cookie and sends the user to the portal to sign in.
    fn require_sign_in(&self) -> Response {
        let stored = store_request(self.app, &self.browser.cookies, &self.pending);
        let mut response = match self.app.provider.entrance(self.app.issuer.url()) {
            Entrance::Redirect(portal) if stored.is_some() => see_other(portal.as_str()),
            _ => login_required::page(
                self.app,
                Some(&self.authorization.client),
                stored.is_some(),
                self.browser.language,
            ),
        };
        let cookies = stored.into_iter().flat_map(|(_, cookies)| cookies);
        set_cookies(&mut response, cookies);
        response
    }

    /// Decides who receives `error`. The client receives protocol errors, and every error if it
    /// forbids pages (`prompt=none`, OIDC Core §3.1.2.6); the user receives the others on a page.
    fn page_error(&self, error: RequestError) -> PageError {
        let redirect = self.authorization.redirect.clone();
        match error {
            RequestError::Refused(error) => PageError::Redirect(redirect, error, None),
            RequestError::Denied(error, problem) => {
                PageError::Redirect(redirect, error, Some(Box::new(problem)))
            }
            RequestError::Problem(problem) if self.authorization.prompt.none => {
                PageError::Redirect(redirect, silent_error(&problem), Some(Box::new(problem)))
            }
            RequestError::Problem(problem) => PageError::Page(problem),
        }
    }
}

/// The error for a client that forbids pages (RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6).
fn silent_error(problem: &PageProblem) -> OAuthError {
    match problem {
        PageProblem::SignIn(SignInError::Login(LoginError::Unreachable(_)))
        | PageProblem::Store(_)
        | PageProblem::RateLimited(_) => OAuthError::new(
            ErrorCode::TemporarilyUnavailable,
            "nobody can be signed in at the moment",
        ),
        _ => OAuthError::new(
            ErrorCode::LoginRequired,
            "the ticket that came with the request signs nobody in",
        ),
    }
}
