//! From a ticket to a session: the same steps for a launch, for an authorization request that carries
//! its ticket, and for a client that exchanges one.

use std::sync::Arc;

use panda_oidc_sdk::{Brought, Identity, LoginError, Subject, Ticket};

use super::backchannel_logout;
use crate::app::App;
use crate::crypto::handle::Handle;
use crate::crypto::identifiers::{BrowserId, HolderId, SessionHandleHash, TicketHash};
use crate::login::launch::{
    CurrentSession, NewSession, TicketDecision, VerifiedLogin, decide_ticket,
};
use crate::login::policy::TicketReplay;
use crate::login::sign_in::{SignInOutcome, TicketHolder, TicketOwner};
use crate::session::{Session, SessionId};
use crate::store::StoreError;

/// Who is at a browser, as far as its cookies tell.
#[derive(Debug, Default)]
pub struct BrowserState {
    /// The live session.
    pub session: Option<Session>,
    /// The handle that opens it.
    pub handle: Option<SessionHandleHash>,
    /// The browser itself.
    pub browser: Option<Handle>,
}

/// Why nobody was signed in. Whatever session was there before still is.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The ticket belongs to another holder, or is spent.
    #[error("the ticket belongs to another browser, was used up, or named somebody else before")]
    TicketRefused,
    /// The ticket names somebody whom the directory does not list any more.
    #[error(
        "{0} has left: the directory does not list them any more. If it never does, such as a technical account, add it to directory.keep"
    )]
    Left(Subject),
    /// The portal was asked, and nobody is proven.
    #[error("nobody was signed in")]
    Login(#[source] LoginError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What came of a ticket in a browser.
#[derive(Debug)]
pub enum TicketSignIn {
    /// Somebody is signed in.
    SignedIn(SignedIn),
    /// Another user's session is there; the person has to say yes first. The browser owns the ticket
    /// already.
    ConfirmSwitch(Box<VerifiedLogin>, Handle),
}

/// A session that lives, and what the browser needs to open it.
#[derive(Debug)]
pub struct SignedIn {
    /// The session.
    pub session: Box<Session>,
    /// New handles for the browser to keep; none when nothing has changed.
    pub handles: Option<NewHandles>,
}

/// What a browser is given at a sign-in.
#[derive(Debug)]
pub struct NewHandles {
    /// Opens the session.
    pub session: Handle,
    /// By this the browser is known again.
    pub browser: Handle,
}

/// Presents a ticket, in its possible readings, for the browser that brought it.
///
/// `from_portal` says that a page of the portal led here; `fresh` asks the portal even about the
/// ticket that opened the session.
///
/// # Errors
///
/// [`SignInError`].
pub async fn sign_in_with_ticket(
    app: &Arc<App>,
    state: &BrowserState,
    readings: Vec<Ticket>,
    from_portal: bool,
    fresh: bool,
) -> Result<TicketSignIn, SignInError> {
    let known = state
        .browser
        .as_ref()
        .map(|id| HolderId::of_browser(BrowserId::of(id)));
    let prior = PriorSession::Here(state.session.as_ref());
    // 1. Verify the ticket.
    let (identity, ticket) = match verify_ticket(app, known, prior, readings, fresh).await? {
        TicketOutcome::SameSession(session) => {
            let handles = None;
            return Ok(TicketSignIn::SignedIn(SignedIn { session, handles }));
        }
        TicketOutcome::Identity(identity, ticket) => (identity, ticket),
    };
    let new = || Handle::random(&mut rand::rng());
    let browser = state.browser.clone().unwrap_or_else(new);
    let arrival = VerifiedLogin {
        identity,
        ticket,
        holder: TicketHolder::Browser(BrowserId::of(&browser)),
        claimed: false,
    };
    // 2. Replace another user's session only if the click came from the portal (login CSRF).
    if arrival.needs_confirmation(state.session.as_ref(), from_portal) {
        claim_ticket(app, &arrival).await?;
        return Ok(TicketSignIn::ConfirmSwitch(Box::new(arrival), browser));
    }
    // 3. Begin or continue the session.
    let signed_in = sign_in(app, state, arrival, browser).await?;
    Ok(TicketSignIn::SignedIn(signed_in))
}

/// Has the browser own the ticket while the person is asked.
async fn claim_ticket(app: &App, arrival: &VerifiedLogin) -> Result<(), SignInError> {
    let now = app.host.clock.now();
    if let Some(claim) = arrival.claim(&app.policy, now)
        && !app.store.claim(claim, now).await?
    {
        return Err(SignInError::TicketRefused);
    }
    Ok(())
}

/// The session that a ticket may have opened before.
#[derive(Debug, Clone, Copy)]
pub enum PriorSession<'a> {
    /// That of the browser.
    Here(Option<&'a Session>),
    /// Any that the holder has opened with it: a client serves many people at once.
    Any,
}

/// What a ticket has proved.
#[derive(Debug)]
pub enum TicketOutcome {
    /// It opened this session, which is still good.
    SameSession(Box<Session>),
    /// Somebody, by the portal's word. Holds the ticket's digest, too.
    Identity(Identity, TicketHash),
}

/// Asks whose a ticket is, in its possible readings, unless it is not `holder`'s to use.
///
/// # Errors
///
/// [`SignInError`] when it proves nobody.
pub async fn verify_ticket(
    app: &App,
    holder: Option<HolderId>,
    prior: PriorSession<'_>,
    readings: Vec<Ticket>,
    fresh: bool,
) -> Result<TicketOutcome, SignInError> {
    let mut rejected = None;
    for ticket in readings {
        let name = app.ticket_hasher.hash(&ticket);
        let owner = match app.policy.replay {
            TicketReplay::Off => None,
            TicketReplay::BrowserBound | TicketReplay::Once => {
                app.store.owner(&name, app.host.clock.now()).await?
            }
        };
        let opened = match prior {
            PriorSession::Here(_) => None,
            PriorSession::Any => opened_by(app, holder, &name, owner.as_ref()).await?,
        };
        let session = match prior {
            PriorSession::Here(session) => session,
            PriorSession::Any => opened.as_ref(),
        };
        let decision = decide_ticket(&name, holder, owner.as_ref(), session, fresh, &app.policy);
        match (decision, session) {
            (TicketDecision::SameSession, Some(session)) => {
                return Ok(TicketOutcome::SameSession(Box::new(session.clone())));
            }
            (TicketDecision::Refused, _) => return Err(SignInError::TicketRefused),
            (TicketDecision::Ask | TicketDecision::SameSession, _) => {}
        }
        match app.provider.authenticate(&Brought { ticket }).await {
            Ok(identity) => return Ok(TicketOutcome::Identity(identity, name)),
            Err(error @ LoginError::Rejected(_)) => rejected = Some(error),
            Err(error) => return Err(SignInError::Login(error)),
        }
    }
    let nothing = || LoginError::Rejected("there was no ticket".to_owned());
    Err(SignInError::Login(rejected.unwrap_or_else(nothing)))
}

/// The session that `holder` has opened with `ticket`, if it still owns that: it goes on, and the
/// portal is not asked again, since each question prolongs the ticket's life.
async fn opened_by(
    app: &App,
    holder: Option<HolderId>,
    ticket: &TicketHash,
    owner: Option<&TicketOwner>,
) -> Result<Option<Session>, StoreError> {
    if !owner.is_some_and(|owner| Some(owner.holder) == holder && !owner.spent) {
        return Ok(None);
    }
    app.store.opened_by(ticket, app.host.clock.now()).await
}

/// Carries a browser's sign-in out, and notifies the clients of the sessions it ended.
///
/// # Errors
///
/// [`SignInError::TicketRefused`] when another browser was faster, [`SignInError::Left`],
/// [`SignInError::Store`].
pub async fn sign_in(
    app: &Arc<App>,
    state: &BrowserState,
    arrival: VerifiedLogin,
    browser: Handle,
) -> Result<SignedIn, SignInError> {
    let here = CurrentSession {
        session: state.session.as_ref(),
        handle: state.handle,
    };
    let (session, handle) = begin_session(app, here, arrival).await?;
    tracing::info!(subject = %session.user.subject(), sid = %session.sid, "Signed {} in", session.user.subject());
    Ok(SignedIn {
        session,
        handles: Some(NewHandles {
            session: handle,
            browser,
        }),
    })
}

/// Signs the user of a ticket in for `holder`, a client that exchanges it, in a session that no cookie
/// opens: the grant lives by it.
///
/// # Errors
///
/// [`SignInError`].
pub async fn sign_in_for_client(
    app: &Arc<App>,
    holder: TicketHolder,
    ticket: Ticket,
) -> Result<Session, SignInError> {
    let owner_id = Some(holder.id());
    let verified = verify_ticket(app, owner_id, PriorSession::Any, vec![ticket], false).await?;
    let (identity, ticket) = match verified {
        TicketOutcome::SameSession(session) => return Ok(*session),
        TicketOutcome::Identity(identity, ticket) => (identity, ticket),
    };
    let arrival = VerifiedLogin {
        identity,
        ticket,
        holder,
        claimed: false,
    };
    let here = CurrentSession {
        session: None,
        handle: None,
    };
    let (session, _) = begin_session(app, here, arrival).await?;
    Ok(*session)
}

/// Begins or continues the session of `arrival`. Answers with it and the handle that opens it.
async fn begin_session(
    app: &Arc<App>,
    here: CurrentSession<'_>,
    arrival: VerifiedLogin,
) -> Result<(Box<Session>, Handle), SignInError> {
    let now = app.host.clock.now();
    let subject = arrival.identity.subject.clone();
    let handle = Handle::random(&mut rand::rng());
    let new = NewSession {
        sid: SessionId::random(&mut rand::rng()),
        handle: SessionHandleHash::of(&handle),
        logout_notice: app.logout_notifier.notice(None, now),
    };
    let sign_in = arrival.sign_in(here, new, &app.policy, now);
    match app.store.sign_in(sign_in, now).await? {
        SignInOutcome::TicketRefused => Err(SignInError::TicketRefused),
        SignInOutcome::Left => Err(SignInError::Left(subject)),
        SignInOutcome::SignedIn(session, ended) => {
            for ended in &ended {
                tracing::info!(subject = %ended.subject, sid = %ended.sid, "Signed {} out, since {} took over the browser", ended.subject, session.user.subject());
            }
            backchannel_logout::notify_clients(app, &ended).await;
            Ok((session, handle))
        }
    }
}
