//! `/authorize`: the authorization endpoint (OIDC Core §3.1.2), and `/resume`, where a request that
//! had to wait goes on.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, TimeDelta, Utc};
use panda_oidc_sdk::{Entrance, LoginError, Ticket};

use super::admission::closed;
use super::arrival::{Arrived, arrive};
use super::authorization_response::deliver;
use super::error::{Failure, LONGEST_QUERY, Trouble, see_other};
use super::extract::browser::{Known, Visit, not_ahead_of_a_click};
use super::extract::cookies::Jar;
use super::extract::pending_requests::{park, set_cookies};
use super::page::language::Language;
use super::page::login_required;
use super::switch;
use super::switch::Onward;
use crate::app::App;
use crate::crypto::handle::Handle;
use crate::login::pending_request::Parked;
use crate::login::ticket;
use crate::oauth::authorize::{Authorization, authorize};
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::grant::Grant;
use crate::oauth::id_token_hint;
use crate::oauth::params::Params;
use crate::oauth::reauthentication::{Standing, standing};
use crate::oauth::scope::Scope;
use crate::session::Session;

/// How long a code can be redeemed (RFC 6749 §4.1.2 allows ten minutes; clients are there at once).
const CODE_LIFETIME: TimeDelta = TimeDelta::seconds(60);

/// `GET /authorize`.
///
/// # Errors
///
/// [`Failure`]: on a page while the client or its redirect URI is in doubt, to the client after that.
pub(super) async fn get(State(app): State<Arc<App>>, visit: Visit) -> Result<Response, Failure> {
    let raw = visit.query.clone();
    serve(&app, &visit, &raw).await
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
    mut visit: Visit,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, (Extension<Language>, Failure)> {
    let body = body.map_err(|_| (Extension(visit.language), Trouble::TooLarge.into()))?;
    let raw = String::from_utf8_lossy(&body);
    visit.speak(Language::asked_for(&raw));
    let answered = posted(&app, &visit, &raw).await;
    answered.map_err(|failure| (Extension(visit.language), failure))
}

async fn posted(app: &Arc<App>, visit: &Visit, raw: &str) -> Result<Response, Failure> {
    if raw.len() > LONGEST_QUERY {
        return Err(Trouble::TooLarge.into());
    }
    if visit.sent.get(&Jar::Session).is_none() {
        let parameter = app.provider.ticket_parameter();
        let query = Params::parse(ticket::without(raw, parameter).as_bytes())
            .map_err(|_| Trouble::TooLarge)?
            .without(parameter);
        return Ok(see_other(&app.issuer.at(&format!("/authorize?{query}"))));
    }
    serve(app, visit, raw).await
}

/// `GET /resume/{name}`: a request that waited goes on, now that somebody has signed in.
///
/// # Errors
///
/// [`Trouble::NothingWaits`] when it does not wait in this browser (N16); as [`get`] otherwise.
pub(super) async fn resume(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    mut visit: Visit,
) -> Result<Response, (Extension<Language>, Failure)> {
    let now = app.host.clock.now();
    let found = path.ok().and_then(|Path(name)| {
        let sealed = visit.sent.get(&Jar::Parked(name.clone()))?;
        let parked = Parked::open(sealed, &app.parked, &name, now)?;
        Some((name, parked))
    });
    let Some((name, parked)) = found else {
        return Err((Extension(visit.language), Trouble::NothingWaits.into()));
    };
    visit.speak(Language::asked_for(&parked.request));
    let answered = go_on(&app, &visit, name, &parked).await;
    answered.map_err(|failure| (Extension(visit.language), failure))
}

async fn go_on(
    app: &Arc<App>,
    visit: &Visit,
    name: String,
    parked: &Parked,
) -> Result<Response, Failure> {
    let params = Params::parse(parked.request.as_bytes()).map_err(|_| Trouble::TooLarge)?;
    let authorization = authorize(&params, &app.clients, app.issuer.as_str())?;
    let known = visit.known(app).await?;
    let session = known.session.as_ref();
    let mut answered = match settle(app, &authorization, session, parked.asked_at).await {
        Ok(Some(response)) => response,
        // Told to the client, the request is over as much as if it had been granted.
        Err(refusal @ Failure::Redirect(..)) => refusal.into_response(),
        Err(failure) => return Err(failure),
        Ok(None) => {
            let client = Some(authorization.client.as_ref());
            return Ok(login_required::page(app, client, true, visit.language));
        }
    };
    set_cookies(&mut answered, [Jar::Parked(name).clear(&app.issuer)]);
    Ok(answered)
}

async fn serve(app: &Arc<App>, visit: &Visit, raw: &str) -> Result<Response, Failure> {
    let parameter = app.provider.ticket_parameter();
    let params =
        Params::parse(ticket::without(raw, parameter).as_bytes()).map_err(|_| Trouble::TooLarge)?;
    let authorization = authorize(&params, &app.clients, app.issuer.as_str())?;
    let asked_at = app.host.clock.now();
    let readings = ticket::find(raw, parameter).map_err(Trouble::UnfitTicket)?;
    if !readings.is_empty() && visit.prefetch {
        return Ok(not_ahead_of_a_click());
    }
    let known = visit.known(app).await?;
    let request = Request {
        app,
        visit,
        authorization: &authorization,
        parked: Parked {
            request: params.without(parameter),
            client_id: authorization.client.id.to_string(),
            asked_at,
        },
    };
    if !readings.is_empty() {
        return request.with_ticket(&known, readings).await;
    }
    match settle(app, &authorization, known.session.as_ref(), asked_at).await? {
        Some(response) => Ok(response),
        None => Ok(request.wait()),
    }
}

/// A request on its way.
struct Request<'a> {
    app: &'a Arc<App>,
    visit: &'a Visit,
    authorization: &'a Authorization,
    parked: Parked,
}

impl Request<'_> {
    /// The request carries its own sign-in.
    async fn with_ticket(&self, known: &Known, readings: Vec<Ticket>) -> Result<Response, Failure> {
        let counted = self.app.limits.launches.address(self.visit.caller.0);
        counted.map_err(|too_often| self.nobody(too_often.into()))?;
        // Back button and reload bring the same ticket again (F29): it is asked about once more
        // only if the sign-in it gave is not good enough.
        let session = known.session.as_ref();
        let asked_at = self.parked.asked_at;
        let fresh =
            standing(self.authorization, None, session, asked_at, asked_at) != Standing::Good;
        let arrived = arrive(self.app, known, readings, self.visit.from_portal, fresh).await;
        match arrived.map_err(|trouble| self.nobody(trouble))? {
            Arrived::SignedIn(session, cookies) => {
                let settled = settle(
                    self.app,
                    self.authorization,
                    Some(&session),
                    self.parked.asked_at,
                );
                let mut response = match settled.await {
                    Ok(Some(response)) => response,
                    Ok(None) => self.wait(),
                    // The sign-in stands, whatever becomes of the request.
                    Err(failure) => failure.into_response(),
                };
                set_cookies(&mut response, cookies);
                Ok(response)
            }
            Arrived::NeedsYes(..) if self.authorization.prompt.none => {
                let error = OAuthError::new(
                    ErrorCode::LoginRequired,
                    "another person is signed in here, and prompt=none forbids asking",
                );
                Err(Failure::Redirect(
                    self.authorization.redirect.clone(),
                    error,
                    None,
                ))
            }
            Arrived::NeedsYes(arrival, browser) => {
                let (name, cookies) =
                    park(self.app, &self.visit.sent, &self.parked).ok_or(Trouble::TooLarge)?;
                let onward = self.app.issuer.at(&format!("/resume/{name}"));
                let onward = Onward {
                    url: onward,
                    client: None,
                };
                let mut response = switch::ask(self.app, self.visit, *arrival, &browser, onward)?;
                set_cookies(&mut response, cookies);
                Ok(response)
            }
        }
    }

    /// Nobody was signed in: told to the person, unless the client forbids a page (OIDC Core
    /// §3.1.2.6).
    fn nobody(&self, trouble: Trouble) -> Failure {
        if !self.authorization.prompt.none {
            return trouble.into();
        }
        let error = match trouble {
            Trouble::Login(LoginError::Unreachable(_))
            | Trouble::Store(_)
            | Trouble::TooOften(_) => OAuthError::new(
                ErrorCode::TemporarilyUnavailable,
                "nobody can be signed in at the moment",
            ),
            _ => OAuthError::new(
                ErrorCode::LoginRequired,
                "the ticket that came with the request signs nobody in",
            ),
        };
        Failure::Redirect(
            self.authorization.redirect.clone(),
            error,
            Some(Box::new(trouble)),
        )
    }

    /// The request waits for a sign-in: parked, with the way to the portal.
    fn wait(&self) -> Response {
        let parked = park(self.app, &self.visit.sent, &self.parked);
        let mut response = match self.app.provider.entrance(self.app.issuer.url()) {
            Entrance::Redirect(portal) if parked.is_some() => see_other(portal.as_str()),
            _ => login_required::page(
                self.app,
                Some(&self.authorization.client),
                parked.is_some(),
                self.visit.language,
            ),
        };
        set_cookies(
            &mut response,
            parked.into_iter().flat_map(|(_, cookies)| cookies),
        );
        response
    }
}

/// Grants the request if the session is good enough; `None` when the person must sign in first.
async fn settle(
    app: &App,
    authorization: &Authorization,
    session: Option<&Session>,
    asked_at: DateTime<Utc>,
) -> Result<Option<Response>, Failure> {
    let refuse = |error| Failure::Redirect(authorization.redirect.clone(), error, None);
    let expected = authorization
        .unverified_hint
        .as_deref()
        .map(|hint| id_token_hint::read(hint, &app.keys, app.issuer.as_str()));
    let expected = expected
        .transpose()
        .map_err(refuse)?
        .map(|hint| hint.subject)
        .or_else(|| authorization.claims.subject.clone());
    let now = app.host.clock.now();
    match (
        standing(authorization, expected.as_ref(), session, asked_at, now),
        session,
    ) {
        (Standing::Good, Some(session)) => {
            if let Some(closed) = closed(app, &authorization.client, &session.user).await? {
                let error = OAuthError::new(
                    ErrorCode::AccessDenied,
                    "the app is not open to the person who is signed in",
                );
                let (redirect, trouble) = (authorization.redirect.clone(), Trouble::Closed(closed));
                return Err(Failure::Redirect(redirect, error, Some(Box::new(trouble))));
            }
            grant(app, authorization, session, now).await.map(Some)
        }
        (Standing::Refuse(error), _) => Err(refuse(error)),
        (Standing::SignIn | Standing::Good, _) => Ok(None),
    }
}

async fn grant(
    app: &App,
    authorization: &Authorization,
    session: &Session,
    now: DateTime<Utc>,
) -> Result<Response, Failure> {
    let code = Handle::random(&mut rand::rng());
    let grant = Grant {
        client_id: authorization.client.id.clone(),
        subject: session.user.subject().clone(),
        sid: session.sid.clone(),
        scopes: authorization.scopes.clone(),
        redirect_uri: authorization.redirect.uri().to_owned(),
        nonce: authorization.nonce.clone(),
        challenge: authorization.challenge.clone(),
        auth_time: session.auth_time,
        refreshable: authorization.is_refreshable(),
        resources: authorization.resources.clone(),
        claims: authorization.claims.person.clone(),
        acr: authorization.acr,
    };
    if !grant.scopes.contains(Scope::Openid) {
        tracing::warn!(
            client_id = grant.client_id.as_str(),
            "{} asks without the scope openid: it gets no ID token and nothing from userinfo. Set \
             its scopes to: openid profile",
            grant.client_id.as_str()
        );
    }
    let code_expires_at = now + CODE_LIFETIME;
    let keep_until = code_expires_at + authorization.client.access_token.lifetime;
    app.store
        .issue(&code.digest(), grant, code_expires_at, keep_until)
        .await?;
    Ok(deliver(&authorization.redirect.with_code(code.expose())))
}
