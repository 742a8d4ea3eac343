//! A ticket of the portal's, or an access token, is exchanged (RFC 8693).

use std::sync::Arc;

use chrono::TimeDelta;
use panda_oidc_sdk::{LoginError, Ticket};

use super::{Issue, Login, new_family, own_token};
use crate::app::App;
use crate::crypto::handle::{Digest, Handle};
use crate::http::access_token;
use crate::http::admission::{Closed, closed};
use crate::http::arrival::{Before, Proved, prove};
use crate::http::error::{Failure, Trouble};
use crate::login::launch::{Arrival, Here, New};
use crate::login::sign_in::SignInOutcome;
use crate::login::ticket;
use crate::oauth::claims::AccessTokenClaims;
use crate::oauth::claims_request::AskedClaims;
use crate::oauth::client::Client;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::grant::Grant;
use crate::oauth::grant_type::{ACCESS_TOKEN, SubjectTokenType};
use crate::oauth::grants::token_exchange::{ExchangeRequest, of_access_token, of_ticket};
use crate::oauth::params::Params;
use crate::oauth::resource;
use crate::session::{Session, SessionId, User};
use crate::store::Taken;

/// Exchanges what the client holds.
///
/// # Errors
///
/// `invalid_request` when the subject token is no good (RFC 8693 §2.2.2), `invalid_target`,
/// `invalid_scope`; `temporarily_unavailable` while the portal or the store does not answer.
pub(super) async fn exchange(
    app: &Arc<App>,
    client: &Client,
    form: &Params,
    request: &ExchangeRequest<'_>,
) -> Result<Issue, Failure> {
    let issue = match request.subject_token_type {
        SubjectTokenType::Ticket => with_ticket(app, client, form, request).await?,
        SubjectTokenType::AccessToken => with_access_token(app, client, form, request).await?,
    };
    Ok(Issue {
        issued_token_type: Some(ACCESS_TOKEN),
        // RFC 8693 §2.2.1 gives one token; whoever wants to know the person asks userinfo.
        login: None,
        ..issue
    })
}

/// The new token lives no longer than the one it was made from, and dies with the same grant.
async fn with_access_token(
    app: &App,
    client: &Client,
    form: &Params,
    request: &ExchangeRequest<'_>,
) -> Result<Issue, Failure> {
    let found = access_token::find(app, request.subject_token).await;
    let found = found.map_err(|error| Failure::internal(Failure::Json, error))?;
    // A client's own token is about nobody; the client can ask for another one itself.
    let held = found.and_then(|found| Some((found.claims, found.granted?)));
    let claims = held.as_ref().map(|(claims, _)| claims);
    let narrowed = of_access_token(request, form, client, claims)?;
    let Some((held, granted)) = held else {
        return Err(refused(None));
    };
    let id = held.grant().ok_or_else(|| refused(None))?;
    open_to(app, client, &narrowed.audience, &granted.user).await?;
    let own = own_token(app, client, narrowed.audience);
    let claims = AccessTokenClaims::of_grant(&granted, &id, &narrowed.scopes, own);
    Ok(Issue::of(AccessTokenClaims {
        exp: claims.exp.min(held.exp),
        ..claims
    }))
}

/// A ticket that an application was sent. The client owns it from now on, as a browser would: no
/// browser and no other client can use it.
async fn with_ticket(
    app: &Arc<App>,
    client: &Client,
    form: &Params,
    request: &ExchangeRequest<'_>,
) -> Result<Issue, Failure> {
    let targets = resource::targets(form, client)?;
    let audience = match targets.as_slice() {
        [] => client.access_token.audience.clone(),
        named => named.to_vec(),
    };
    let scopes = of_ticket(request, client);
    let ticket = ticket::plain(request.subject_token);
    let ticket = ticket.map_err(|error| refused(Some(error.into())))?;
    let session = sign_in(app, client, ticket).await?;
    open_to(app, client, &targets, &session.user).await?;
    let now = app.host.clock.now();
    let id = Handle::random(&mut rand::rng()).digest();
    let refreshable = client.gets_refresh_token(&scopes);
    let grant = Grant {
        client_id: client.id.clone(),
        subject: session.user.subject().clone(),
        sid: session.sid,
        scopes: scopes.clone(),
        redirect_uri: String::new(),
        nonce: None,
        challenge: None,
        auth_time: session.auth_time,
        refreshable,
        resources: targets,
        claims: AskedClaims::default(),
        acr: None,
    };
    let internal = |error| Failure::internal(Failure::Json, error);
    let moment = now + TimeDelta::minutes(1);
    let keep_until = now + client.access_token.lifetime;
    app.store
        .issue(&id, grant, moment, keep_until)
        .await
        .map_err(internal)?;
    let (first, family) = new_family(client, now);
    match app
        .store
        .take(&id, Some(family), now)
        .await
        .map_err(internal)?
    {
        Taken::Granted(granted) => Ok(Login {
            id,
            granted: *granted,
            scopes,
            audience,
            refresh_token: Some(first).filter(|_| refreshable),
        }
        .issue(app, client)),
        Taken::Reused(_) | Taken::Unknown => Err(refused(None)),
    }
}

/// Whether the client is open to the person, and whatever service the token is for.
///
/// # Errors
///
/// `invalid_request` for a subject token that is "unacceptable based on policy" (RFC 8693 §2.2.2);
/// `invalid_target` when it is the service.
async fn open_to(
    app: &App,
    client: &Client,
    targets: &[String],
    user: &User,
) -> Result<(), Failure> {
    let internal = |error| Failure::internal(Failure::Json, error);
    let client = closed(app, client, user).await.map_err(internal)?;
    if let Some(closed) = client {
        return Err(not_open(
            ErrorCode::InvalidRequest,
            "the client is not open to the person the subject_token is about",
            closed,
        ));
    }
    for service in app.clients.guarding(targets) {
        if let Some(closed) = closed(app, service, user).await.map_err(internal)? {
            return Err(not_open(
                ErrorCode::InvalidTarget,
                "the service is not open to the person the subject_token is about",
                closed,
            ));
        }
    }
    Ok(())
}

fn not_open(code: ErrorCode, told: &'static str, closed: Box<Closed>) -> Failure {
    tracing::info!("An exchange is refused: {}", Trouble::Closed(closed));
    OAuthError::new(code, told).into()
}

/// Signs the ticket's user in, in a session that no cookie opens: it is what the grant lives by, and
/// ends as any other.
async fn sign_in(app: &Arc<App>, client: &Client, ticket: Ticket) -> Result<Session, Failure> {
    // No browser has these: theirs are digests of 43 characters.
    let holder = Digest::of(format!("client {}", client.id.as_str()).as_bytes());
    let proved = prove(app, Some(&holder), Before::Any, vec![ticket], false).await;
    let (identity, ticket) = match proved.map_err(|trouble| refused(Some(trouble)))? {
        Proved::Identity(identity, ticket) => (identity, ticket),
        Proved::SameAgain(session) => return Ok(*session),
    };
    let subject = identity.subject.clone();
    let now = app.host.clock.now();
    let arrival = Arrival {
        identity,
        ticket,
        browser: holder,
        claimed: false,
    };
    let new = New {
        sid: SessionId::random(&mut rand::rng()),
        handle: Handle::random(&mut rand::rng()).digest(),
        farewell: app.messenger.farewell(None, now),
    };
    let here = Here {
        session: None,
        handle: None,
    };
    let mut sign_in = arrival.sign_in(here, new, &app.policy, now);
    // A client serves many people at once: nobody is replaced.
    let place = format!("client {} {subject}", client.id.as_str());
    sign_in.takes_over = Digest::of(place.as_bytes());
    let signed_in = app.store.sign_in(sign_in, now).await;
    match signed_in.map_err(|error| Failure::internal(Failure::Json, error))? {
        SignInOutcome::SignedIn(session, _) => {
            tracing::info!(subject = %subject, sid = %session.sid, client_id = client.id.as_str(), "{} exchanged a ticket of {subject}", client.id.as_str());
            Ok(*session)
        }
        SignInOutcome::TicketRefused => Err(refused(Some(Trouble::TicketRefused))),
        SignInOutcome::Left => Err(refused(Some(Trouble::Left(subject)))),
    }
}

fn refused(trouble: Option<Trouble>) -> Failure {
    let error = match &trouble {
        Some(
            Trouble::Login(LoginError::Unreachable(_) | LoginError::Unintelligible(_))
            | Trouble::Store(_),
        ) => OAuthError::new(
            ErrorCode::TemporarilyUnavailable,
            "nobody can be identified at the moment; try again",
        ),
        _ => OAuthError::invalid_request(
            "the subject_token is unknown, expired, or belongs to somebody else",
        ),
    };
    match trouble {
        Some(trouble) => Failure::Json(error, Some(Box::new(trouble))),
        None => error.into(),
    }
}
