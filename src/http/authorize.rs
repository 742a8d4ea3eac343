//! `/authorize`: the authorization endpoint (OIDC Core §3.1.2), and `/resume`, where a request that
//! had to wait goes on.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use panda_oidc_sdk::{Entrance, LoginError, Ticket};

use super::authorization_response::into_response;
use super::error::{MAX_QUERY_BYTES, PageError, PageProblem};
use super::extract::browser::BrowserRequest;
use super::extract::cookies::{CookieName, session_cookies};
use super::extract::pending_requests::park;
use super::page::language::Language;
use super::page::login_required;
use super::response::{nothing_to_prefetch, see_other, set_cookies};
use super::switch::{self, Onward};
use crate::app::App;
use crate::login::pending_request::PendingAuthorization;
use crate::login::ticket;
use crate::oauth::authorize::{Authorization, authorize};
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::params::Params;
use crate::oauth::reauthentication::is_recent_enough;
use crate::service::authorization::{self, AuthorizationError, AuthorizationOutcome};
use crate::service::sign_in::{BrowserState, SignInError, TicketSignIn, sign_in_with_ticket};
use crate::session::Session;
use crate::store::StoreError;

/// `GET /authorize`.
///
/// # Errors
///
/// [`PageError`]: on a page while the client or its redirect URI is in doubt, to the client after that.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    browser: BrowserRequest,
) -> Result<Response, PageError> {
    serve(&app, &browser, &browser.query).await
}

/// `POST /authorize`: the parameters come in the body (OIDC Core §3.1.2.1).
///
/// A form posted from another site brings no `SameSite=Lax` cookies; such a request is asked again
/// by `GET`, which does. A ticket in it is left behind: whoever is signed in could not be asked, and
/// no portal posts one (N63).
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
    browser.set_locale(Language::asked_for(&raw));
    let answered = posted(&app, &browser, &raw).await;
    answered.map_err(|error| (Extension(browser.language), error))
}

async fn posted(
    app: &Arc<App>,
    browser: &BrowserRequest,
    raw: &str,
) -> Result<Response, PageError> {
    if raw.len() > MAX_QUERY_BYTES {
        return Err(PageProblem::TooLarge.into());
    }
    if browser.cookies.get(&CookieName::Session).is_none() {
        let parameter = app.provider.ticket_parameter();
        let query = parse(&ticket::without(raw, parameter))?.without(parameter);
        return Ok(see_other(&app.issuer.at(&format!("/authorize?{query}"))));
    }
    serve(app, browser, raw).await
}

/// `GET /resume/{name}`: a request that waited goes on, now that somebody has signed in.
///
/// # Errors
///
/// [`PageProblem::NothingWaits`] when it does not wait in this browser (N16); as [`get`] otherwise.
pub(super) async fn resume(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    mut browser: BrowserRequest,
) -> Result<Response, (Extension<Language>, PageError)> {
    let now = app.host.clock.now();
    let found = path.ok().and_then(|Path(name)| {
        let sealed = browser.cookies.get(&CookieName::Parked(name.clone()))?;
        let parked = PendingAuthorization::open(sealed, &app.pending_request_sealer, &name, now)?;
        Some((name, parked))
    });
    let Some((name, parked)) = found else {
        return Err((
            Extension(browser.language),
            PageProblem::NothingWaits.into(),
        ));
    };
    browser.set_locale(Language::asked_for(&parked.request));
    let answered = resumed(&app, &browser, name, parked).await;
    answered.map_err(|error| (Extension(browser.language), error))
}

async fn resumed(
    app: &Arc<App>,
    browser: &BrowserRequest,
    name: String,
    parked: PendingAuthorization,
) -> Result<Response, PageError> {
    let params = parse(&parked.request)?;
    let authorization = authorize(&params, &app.clients, app.issuer.as_str())?;
    let request = Request {
        app,
        browser,
        authorization: &authorization,
        parked,
    };
    let answered = request.resume().await.map_err(|error| request.fail(error));
    let mut response = match answered {
        Ok(Some(response)) => response,
        Ok(None) => {
            let client = Some(authorization.client.as_ref());
            return Ok(login_required::page(app, client, true, browser.language));
        }
        // Told to the client, the request is over as much as if it had been granted.
        Err(error @ PageError::Redirect(..)) => error.into_response(),
        Err(error) => return Err(error),
    };
    set_cookies(&mut response, [CookieName::Parked(name).clear(&app.issuer)]);
    Ok(response)
}

async fn serve(app: &Arc<App>, browser: &BrowserRequest, raw: &str) -> Result<Response, PageError> {
    // 1. Validate the request. Until the redirect URI is verified, errors are told on a page.
    let parameter = app.provider.ticket_parameter();
    let params = parse(&ticket::without(raw, parameter))?;
    let authorization = authorize(&params, &app.clients, app.issuer.as_str())?;
    let request = Request {
        app,
        browser,
        authorization: &authorization,
        parked: PendingAuthorization {
            request: params.without(parameter),
            client_id: authorization.client.id.to_string(),
            requested_at: app.host.clock.now(),
        },
    };
    // 2. Grant it, have the person sign in, or refuse it.
    let answered = request.answer(raw).await;
    answered.map_err(|error| request.fail(error))
}

fn parse(query: &str) -> Result<Params, PageProblem> {
    Params::parse(query.as_bytes()).map_err(|_| PageProblem::TooLarge)
}

/// Why a request was not answered. Only [`Request::fail`] knows whom it is told to.
enum RequestError {
    /// It is refused, by the protocol: told to the client.
    Refused(OAuthError),
    /// The client is refused, for a reason that the operator may want to know.
    Denied(OAuthError, PageProblem),
    /// Something stands in the way that the person can be told on a page, unless the client forbids one.
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

/// A validated request on its way.
struct Request<'a> {
    app: &'a Arc<App>,
    browser: &'a BrowserRequest,
    authorization: &'a Authorization,
    parked: PendingAuthorization,
}

impl Request<'_> {
    /// Answers the request, whose parameters and ticket are in `raw`.
    async fn answer(&self, raw: &str) -> Result<Response, RequestError> {
        let readings = ticket::find(raw, self.app.provider.ticket_parameter());
        let readings = readings.map_err(PageProblem::UnfitTicket)?;
        if !readings.is_empty() && self.browser.prefetch {
            return Ok(nothing_to_prefetch());
        }
        let state = self.browser.state(self.app).await?;
        if !readings.is_empty() {
            return self.with_ticket(&state, readings).await;
        }
        let granted = self.grant(state.session.as_ref()).await?;
        Ok(granted.unwrap_or_else(|| self.wait()))
    }

    /// The request goes on after it has waited; `None` when nobody has signed in meanwhile.
    async fn resume(&self) -> Result<Option<Response>, RequestError> {
        let state = self.browser.state(self.app).await?;
        self.grant(state.session.as_ref()).await
    }

    /// The answer to a request that is granted; `None` when the person has to sign in first.
    async fn grant(&self, session: Option<&Session>) -> Result<Option<Response>, RequestError> {
        let asked_at = self.parked.requested_at;
        let outcome =
            authorization::authorize(self.app, self.authorization, session, asked_at).await?;
        Ok(match outcome {
            AuthorizationOutcome::SignInRequired => None,
            AuthorizationOutcome::Granted(code) => {
                let granted = self.authorization.redirect.with_code(code.expose());
                Some(into_response(&granted))
            }
        })
    }

    /// The request carries its own sign-in.
    async fn with_ticket(
        &self,
        state: &BrowserState,
        readings: Vec<Ticket>,
    ) -> Result<Response, RequestError> {
        let counted = self.app.limits.launches.address(self.browser.client_ip.0);
        counted.map_err(PageProblem::TooOften)?;
        // Back button and reload bring the same ticket again: the portal is asked about it once more only
        // if the sign-in it gave is not recent enough for this request.
        let session = state.session.as_ref();
        let asked_at = self.parked.requested_at;
        let fresh = !is_recent_enough(self.authorization, session, asked_at, asked_at);
        let from_portal = self.browser.from_portal;
        match sign_in_with_ticket(self.app, state, readings, from_portal, fresh).await? {
            TicketSignIn::SignedIn(signed_in) => {
                let granted = self.grant(Some(&signed_in.session)).await;
                // The sign-in stands, whatever becomes of the request.
                let mut response = match granted {
                    Ok(granted) => granted.unwrap_or_else(|| self.wait()),
                    Err(error) => self.fail(error).into_response(),
                };
                set_cookies(&mut response, session_cookies(self.app, signed_in.handles));
                Ok(response)
            }
            TicketSignIn::ConfirmSwitch(..) if self.authorization.prompt.none => {
                Err(RequestError::Refused(OAuthError::new(
                    ErrorCode::LoginRequired,
                    "another person is signed in here, and prompt=none forbids asking",
                )))
            }
            TicketSignIn::ConfirmSwitch(arrival, browser_id) => {
                let (name, cookies) = park(self.app, &self.browser.cookies, &self.parked)
                    .ok_or(PageProblem::TooLarge)?;
                let onward = Onward {
                    url: self.app.issuer.at(&format!("/resume/{name}")),
                    client: None,
                };
                let asked = switch::ask(self.app, self.browser, *arrival, &browser_id, onward);
                let mut response = asked?;
                set_cookies(&mut response, cookies);
                Ok(response)
            }
        }
    }

    /// The request waits for a sign-in: parked, with the way to the portal.
    fn wait(&self) -> Response {
        let parked = park(self.app, &self.browser.cookies, &self.parked);
        let mut response = match self.app.provider.entrance(self.app.issuer.url()) {
            Entrance::Redirect(portal) if parked.is_some() => see_other(portal.as_str()),
            _ => login_required::page(
                self.app,
                Some(&self.authorization.client),
                parked.is_some(),
                self.browser.language,
            ),
        };
        let cookies = parked.into_iter().flat_map(|(_, cookies)| cookies);
        set_cookies(&mut response, cookies);
        response
    }

    /// Whom `error` is told to: the client where it is the client's, and always where that forbids a page
    /// (`prompt=none`, OIDC Core §3.1.2.6).
    fn fail(&self, error: RequestError) -> PageError {
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

/// What a client is told that forbids a page (RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6).
fn silent_error(problem: &PageProblem) -> OAuthError {
    match problem {
        PageProblem::SignIn(SignInError::Login(LoginError::Unreachable(_)))
        | PageProblem::Store(_)
        | PageProblem::TooOften(_) => OAuthError::new(
            ErrorCode::TemporarilyUnavailable,
            "nobody can be signed in at the moment",
        ),
        _ => OAuthError::new(
            ErrorCode::LoginRequired,
            "the ticket that came with the request signs nobody in",
        ),
    }
}
