//! Signs a user in with a ticket. A launch, an authorization request that carries a ticket, and a
//! client that exchanges a ticket all take the same steps.

use std::sync::Arc;

use panda_oidc_sdk::{Identity, LoginError, LoginRequest, Subject, Ticket};

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

/// The state that a browser's cookies identify.
#[derive(Debug, Default)]
pub struct BrowserState {
    /// The live session.
    pub session: Option<Session>,
    /// The handle that identifies it.
    pub handle: Option<SessionHandleHash>,
    /// The handle that identifies the browser itself.
    pub browser: Option<Handle>,
}

/// Why no user was signed in. The browser's previous session, if any, is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The ticket belongs to another holder, or has been used up.
    #[error("the ticket belongs to another browser, was used up, or named somebody else before")]
    TicketRefused,
    /// The ticket names a user whom the directory does not list any more.
    #[error(
        "{0} has left: the directory does not list them any more. If it never does, such as a technical account, add it to directory.keep"
    )]
    Left(Subject),
    /// The portal did not confirm a user.
    #[error("nobody was signed in")]
    Login(#[source] LoginError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The outcome of a ticket that a browser presented.
#[derive(Debug)]
pub enum TicketSignIn {
    /// The user is signed in.
    SignedIn(SignedIn),
    /// The browser has another user's session, so the end user must confirm the switch first. The
    /// browser already owns the ticket.
    ConfirmSwitch(Box<VerifiedLogin>, Handle),
}

/// A live session, and the handles that the browser needs for it.
#[derive(Debug)]
pub struct SignedIn {
    /// The session.
    pub session: Box<Session>,
    /// New handles for the browser to store; `None` when nothing has changed.
    pub handles: Option<NewHandles>,
}

/// The handles that a browser receives at a sign-in.
#[derive(Debug)]
pub struct NewHandles {
    /// Identifies the session.
    pub session: Handle,
    /// Identifies the browser.
    pub browser: Handle,
}

/// Signs the user in with the ticket that a browser presented. `readings` are the possible
/// decodings of the ticket.
///
/// `from_portal` says that the request came from a page of the portal. `fresh` verifies with the
/// portal even the ticket that opened the current session.
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
    let holder = state
        .browser
        .as_ref()
        .map(|id| HolderId::of_browser(BrowserId::of(id)));
    let prior = PriorSession::Browser(state.session.as_ref());
    // 1. Verify the ticket.
    let (identity, ticket) = match verify_ticket(app, holder, prior, readings, fresh).await? {
        TicketOutcome::SameSession(session) => {
            let handles = None;
            return Ok(TicketSignIn::SignedIn(SignedIn { session, handles }));
        }
        TicketOutcome::Identity(identity, ticket) => (identity, ticket),
    };
    let new_handle = || Handle::random(&mut rand::rng());
    let browser = state.browser.clone().unwrap_or_else(new_handle);
    let login = VerifiedLogin {
        identity,
        ticket,
        holder: TicketHolder::Browser(BrowserId::of(&browser)),
        already_owned: false,
    };
    // 2. Replace another user's session only if the click came from the portal (login CSRF).
    if login.needs_confirmation(state.session.as_ref(), from_portal) {
        claim_ticket(app, &login).await?;
        return Ok(TicketSignIn::ConfirmSwitch(Box::new(login), browser));
    }
    // 3. Begin or continue the session.
    let signed_in = sign_in(app, state, login, browser).await?;
    Ok(TicketSignIn::SignedIn(signed_in))
}

/// Makes the browser the owner of the ticket while the end user confirms.
async fn claim_ticket(app: &App, login: &VerifiedLogin) -> Result<(), SignInError> {
    let now = app.host.clock.now();
    if let Some(claim) = login.claim(&app.policy, now)
        && !app.store.claim(claim, now).await?
    {
        return Err(SignInError::TicketRefused);
    }
    Ok(())
}

/// Where to look for a session that the ticket opened before.
#[derive(Debug, Clone, Copy)]
pub enum PriorSession<'a> {
    /// The session of the browser.
    Browser(Option<&'a Session>),
    /// Any session that the holder opened with the ticket: a client serves many users at once.
    Any,
}

/// What a verified ticket proves.
#[derive(Debug)]
pub enum TicketOutcome {
    /// The ticket opened this session, which is still alive.
    SameSession(Box<Session>),
    /// The portal confirmed this user. Holds the hash of the ticket as well.
    Identity(Identity, TicketHash),
}

/// Verifies a ticket with the portal, trying its possible `readings`, unless another holder owns
/// it.
///
/// # Errors
///
/// [`SignInError`] when the ticket does not prove a user.
pub async fn verify_ticket(
    app: &App,
    holder: Option<HolderId>,
    prior: PriorSession<'_>,
    readings: Vec<Ticket>,
    fresh: bool,
) -> Result<TicketOutcome, SignInError> {
    let mut rejected = None;
    for ticket in readings {
        let ticket_hash = app.ticket_hasher.hash(&ticket);
        let owner = match app.policy.replay {
            TicketReplay::Off => None,
            TicketReplay::BrowserBound | TicketReplay::Once => {
                app.store.owner(&ticket_hash, app.host.clock.now()).await?
            }
        };
        let opened = match prior {
            PriorSession::Browser(_) => None,
            PriorSession::Any => opened_by(app, holder, &ticket_hash, owner.as_ref()).await?,
        };
        let session = match prior {
            PriorSession::Browser(session) => session,
            PriorSession::Any => opened.as_ref(),
        };
        let decision = decide_ticket(
            &ticket_hash,
            holder,
            owner.as_ref(),
            session,
            fresh,
            &app.policy,
        );
        match (decision, session) {
            (TicketDecision::SameSession, Some(session)) => {
                return Ok(TicketOutcome::SameSession(Box::new(session.clone())));
            }
            (TicketDecision::Refused, _) => return Err(SignInError::TicketRefused),
            (TicketDecision::VerifyWithPortal | TicketDecision::SameSession, _) => {}
        }
        match app.provider.authenticate(&LoginRequest { ticket }).await {
            Ok(identity) => return Ok(TicketOutcome::Identity(identity, ticket_hash)),
            Err(error @ LoginError::Rejected(_)) => rejected = Some(error),
            Err(error) => return Err(SignInError::Login(error)),
        }
    }
    let no_ticket = || LoginError::Rejected("there was no ticket".to_owned());
    Err(SignInError::Login(rejected.unwrap_or_else(no_ticket)))
}

/// The session that `holder` opened with `ticket`, if `holder` still owns the ticket. That session
/// continues without a request to the portal, since each verification prolongs the ticket's life.
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

/// Signs the user in at the browser, and notifies the clients of sessions that this ended.
///
/// # Errors
///
/// [`SignInError::TicketRefused`] when another browser was faster, [`SignInError::Left`],
/// [`SignInError::Store`].
pub async fn sign_in(
    app: &Arc<App>,
    state: &BrowserState,
    login: VerifiedLogin,
    browser: Handle,
) -> Result<SignedIn, SignInError> {
    let current = CurrentSession {
        session: state.session.as_ref(),
        handle: state.handle,
    };
    let (session, handle) = begin_session(app, current, login).await?;
    tracing::info!(subject = %session.user.subject(), sid = %session.sid, "Signed {} in", session.user.subject());
    Ok(SignedIn {
        session,
        handles: Some(NewHandles {
            session: handle,
            browser,
        }),
    })
}

/// Signs the user of a ticket in for `holder`, a client that exchanges the ticket. No cookie
/// identifies the session; it exists because the grant depends on one.
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
    let login = VerifiedLogin {
        identity,
        ticket,
        holder,
        already_owned: false,
    };
    let current = CurrentSession {
        session: None,
        handle: None,
    };
    let (session, _) = begin_session(app, current, login).await?;
    Ok(*session)
}

/// Begins or continues the session of `login`. Returns it with its handle.
async fn begin_session(
    app: &Arc<App>,
    current: CurrentSession<'_>,
    login: VerifiedLogin,
) -> Result<(Box<Session>, Handle), SignInError> {
    let now = app.host.clock.now();
    let subject = login.identity.subject.clone();
    let handle = Handle::random(&mut rand::rng());
    let new = NewSession {
        sid: SessionId::random(&mut rand::rng()),
        handle: SessionHandleHash::of(&handle),
        logout_notice: app.logout_notifier.notice(None, now),
    };
    let sign_in = login.sign_in(current, new, &app.policy, now);
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
