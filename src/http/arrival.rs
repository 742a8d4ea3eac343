//! The way from a ticket to a session, the same for a launch and for an authorization request that
//! carries its ticket.

use std::sync::Arc;

use panda_oidc_sdk::{Brought, Identity, LoginError, Ticket};

use super::error::Trouble;
use super::extract::browser::Known;
use super::extract::cookies::Jar;
use crate::app::App;
use crate::crypto::handle::{Digest, Handle};
use crate::login::launch::{Arrival, Here, New, Presented, presented};
use crate::login::policy::TicketReplay;
use crate::login::sign_in::{Ownership, SignInOutcome};
use crate::service::backchannel_logout;
use crate::session::{Session, SessionId};
use crate::store::StoreError;

/// What came of a ticket.
#[derive(Debug)]
pub(super) enum Arrived {
    /// Somebody is signed in. Holds the cookies to set, none when nothing has changed.
    SignedIn(Box<Session>, Vec<String>),
    /// Another user's session is there; the person has to say yes first. The ticket is ours already.
    NeedsYes(Box<Arrival>, Handle),
}

/// Presents a ticket, in its possible readings, for the browser that brought it.
///
/// `fresh` asks the portal even about the ticket that opened the session.
///
/// # Errors
///
/// [`Trouble`] when nobody is signed in; whatever session was there before still is.
pub(super) async fn arrive(
    app: &Arc<App>,
    known: &Known,
    readings: Vec<Ticket>,
    from_portal: bool,
    fresh: bool,
) -> Result<Arrived, Trouble> {
    let browser = known.browser.as_ref().map(Handle::digest);
    let session = known.session.as_ref();
    let before = Before::Here(session);
    match prove(app, browser.as_ref(), before, readings, fresh).await? {
        Proved::SameAgain(session) => Ok(Arrived::SignedIn(session, Vec::new())),
        Proved::Identity(identity, ticket) => {
            let browser = known
                .browser
                .clone()
                .unwrap_or_else(|| Handle::random(&mut rand::rng()));
            let arrival = Arrival {
                identity,
                ticket,
                browser: browser.digest(),
                claimed: false,
            };
            received(app, known, arrival, browser, from_portal).await
        }
    }
}

/// The session that a ticket may have opened before.
pub(super) enum Before<'a> {
    /// That of the browser.
    Here(Option<&'a Session>),
    /// Any that the holder has opened with it: a client serves many people at once.
    Any,
}

/// What a ticket has proved.
pub(super) enum Proved {
    /// It opened this session, which is still good.
    SameAgain(Box<Session>),
    /// Somebody, by the portal's word. Holds the ticket's name, too.
    Identity(Identity, Digest),
}

/// Asks whose a ticket is, in its possible readings, unless it is not `holder`'s to use.
///
/// # Errors
///
/// [`Trouble`] when it proves nobody.
pub(super) async fn prove(
    app: &App,
    holder: Option<&Digest>,
    before: Before<'_>,
    readings: Vec<Ticket>,
    fresh: bool,
) -> Result<Proved, Trouble> {
    let mut rejected = None;
    for ticket in readings {
        let name = app.tickets.name(&ticket);
        let owner = match app.policy.replay {
            TicketReplay::Off => None,
            TicketReplay::BrowserBound | TicketReplay::Once => {
                app.store.owner(&name, app.host.clock.now()).await?
            }
        };
        let opened = match before {
            Before::Here(_) => None,
            Before::Any => opened(app, holder, &name, owner.as_ref()).await?,
        };
        let session = match before {
            Before::Here(session) => session,
            Before::Any => opened.as_ref(),
        };
        match presented(&name, holder, owner.as_ref(), session, fresh, &app.policy) {
            Presented::SameAgain => {
                if let Some(session) = session.cloned() {
                    return Ok(Proved::SameAgain(Box::new(session)));
                }
            }
            Presented::Refused => return Err(Trouble::TicketRefused),
            Presented::Ask => {}
        }
        match app.provider.authenticate(&Brought { ticket }).await {
            Ok(identity) => return Ok(Proved::Identity(identity, name)),
            Err(error @ LoginError::Rejected(_)) => rejected = Some(error),
            Err(error) => return Err(Trouble::Login(error)),
        }
    }
    let nothing = || LoginError::Rejected("there was no ticket".to_owned());
    Err(Trouble::Login(rejected.unwrap_or_else(nothing)))
}

/// The session that `holder` has opened with `ticket`, if it still owns that: it goes on, and the
/// portal is not asked again (F3).
async fn opened(
    app: &App,
    holder: Option<&Digest>,
    ticket: &Digest,
    owner: Option<&Ownership>,
) -> Result<Option<Session>, StoreError> {
    if !owner.is_some_and(|owner| Some(&owner.browser) == holder && !owner.spent) {
        return Ok(None);
    }
    app.store.opened_by(ticket, app.host.clock.now()).await
}

async fn received(
    app: &Arc<App>,
    known: &Known,
    arrival: Arrival,
    browser: Handle,
    from_portal: bool,
) -> Result<Arrived, Trouble> {
    if !arrival.needs_a_yes(known.session.as_ref(), from_portal) {
        let (session, cookies) = sign_in(app, known, arrival, browser).await?;
        return Ok(Arrived::SignedIn(Box::new(session), cookies));
    }
    let now = app.host.clock.now();
    if let Some(claim) = arrival.claim(&app.policy, now)
        && !app.store.claim(claim, now).await?
    {
        return Err(Trouble::TicketRefused);
    }
    Ok(Arrived::NeedsYes(Box::new(arrival), browser))
}

/// Carries a sign-in out, and tells the clients of the session it ended.
///
/// # Errors
///
/// [`Trouble::TicketRefused`] when another browser was faster; [`Trouble::Store`].
pub(super) async fn sign_in(
    app: &Arc<App>,
    known: &Known,
    arrival: Arrival,
    browser: Handle,
) -> Result<(Session, Vec<String>), Trouble> {
    let now = app.host.clock.now();
    let subject = arrival.identity.subject.clone();
    let handle = Handle::random(&mut rand::rng());
    let new = New {
        sid: SessionId::random(&mut rand::rng()),
        handle: handle.digest(),
        farewell: app.messenger.farewell(None, now),
    };
    let here = Here {
        session: known.session.as_ref(),
        handle: known.handle,
    };
    match app
        .store
        .sign_in(arrival.sign_in(here, new, &app.policy, now), now)
        .await?
    {
        SignInOutcome::TicketRefused => Err(Trouble::TicketRefused),
        SignInOutcome::Left => Err(Trouble::Left(subject)),
        SignInOutcome::SignedIn(session, ended) => {
            tracing::info!(subject = %session.user.subject(), sid = %session.sid, "Signed {} in", session.user.subject());
            for ended in &ended {
                tracing::info!(subject = %ended.subject, sid = %ended.sid, "Signed {} out, since {} took over the browser", ended.subject, session.user.subject());
            }
            backchannel_logout::notify_clients(app, &ended).await;
            let cookies = vec![
                Jar::Session.set(handle.expose().to_owned(), None, &app.issuer),
                Jar::Browser.set(
                    browser.expose().to_owned(),
                    Some(app.policy.memory),
                    &app.issuer,
                ),
            ];
            Ok((*session, cookies))
        }
    }
}
