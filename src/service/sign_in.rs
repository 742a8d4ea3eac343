//! Signs a user in at a browser, with the ticket of a launch or of an authorization request.

use std::net::IpAddr;
use std::sync::Arc;

use panda_oidc_sdk::Ticket;

use super::caller::Caller;
use super::ticket_verification::{PriorSession, SignInError, TicketOutcome, verify_ticket};
use super::{audit, backchannel_logout};
use crate::app::App;
use crate::audit::SignOutCause;
use crate::crypto::handle::Handle;
use crate::crypto::identifiers::SessionHandleHash;
use crate::login::browser::BrowserHandles;
use crate::login::sign_in::{SignInOutcome, TicketHolder};
use crate::login::verified_login::{CurrentSession, NewSession, VerifiedLogin};
use crate::session::{EndedSession, Session, SessionId};

/// The state that a browser's cookies identify.
#[derive(Debug, Default)]
pub struct BrowserState {
    /// The live session.
    pub session: Option<Session>,
    /// The handle that identifies it.
    pub handle: Option<SessionHandleHash>,
    /// The handles of the browser itself.
    pub browser: Option<BrowserHandles>,
    /// Who signs in, for the log.
    pub caller: Caller,
}

impl BrowserState {
    /// The state of a browser with `session`, opened by `handle`, and `browser`. Handles that are not
    /// those of the browser in which the session began are discarded: somebody else has planted them.
    #[must_use]
    pub fn new(
        session: Option<Session>,
        handle: Option<SessionHandleHash>,
        browser: Option<BrowserHandles>,
        caller: Caller,
    ) -> Self {
        let began_here = |browser: &BrowserHandles| {
            let session = session.as_ref();
            session.is_none_or(|session| session.user_agent == browser.user_agent())
        };
        Self {
            browser: browser.filter(began_here),
            session,
            handle,
            caller,
        }
    }
}

/// A ticket that a browser presented.
#[derive(Debug)]
pub struct PresentedTicket {
    /// Its possible decodings, the most likely first.
    pub decodings: Vec<Ticket>,
    /// Whether the request came from a page of the portal.
    pub from_portal: bool,
    /// The address of the browser.
    pub address: IpAddr,
}

/// The outcome of a ticket that a browser presented.
#[derive(Debug)]
pub enum TicketSignIn {
    /// The user is signed in.
    SignedIn(SignedIn),
    /// The browser has another user's session, so the end user must confirm the switch first.
    OtherUser(Box<UnclaimedSwitch>),
}

/// A live session, and the handles that the browser needs for it.
#[derive(Debug)]
pub struct SignedIn {
    /// The session.
    pub session: Box<Session>,
    /// New handles for the browser to store; `None` when nothing has changed.
    pub handles: Option<NewHandles>,
    /// The sessions of other users that this ended.
    pub ended: Vec<EndedSession>,
}

/// The handles that a browser receives.
#[derive(Debug)]
pub struct NewHandles {
    /// Identifies the new session; `None` if the browser's session stays as it is.
    pub session: Option<Handle>,
    /// Identify the browser.
    pub browser: BrowserHandles,
}

/// A login that would replace another user's session. Nothing was changed yet.
#[derive(Debug)]
pub struct UnclaimedSwitch {
    login: VerifiedLogin,
    browser: BrowserHandles,
}

/// A login that replaces another user's session once the end user has confirmed.
#[derive(Debug)]
pub struct ClaimedSwitch {
    /// The login of the new user.
    pub login: VerifiedLogin,
    /// Identify the browser, which owns the ticket from now on.
    pub browser: BrowserHandles,
}

impl UnclaimedSwitch {
    /// Makes the browser the owner of the ticket while the end user confirms.
    ///
    /// # Errors
    ///
    /// [`SignInError::TicketRefused`] when another browser was faster, [`SignInError::Store`].
    pub async fn claim(self, app: &App) -> Result<ClaimedSwitch, SignInError> {
        let now = app.host.clock.now();
        if let Some(claim) = self.login.claim(&app.policy, now)
            && !app.store.claim(claim, now).await?
        {
            return Err(SignInError::TicketRefused);
        }
        let login = VerifiedLogin {
            already_owned: true,
            ..self.login
        };
        Ok(ClaimedSwitch {
            login,
            browser: self.browser,
        })
    }
}

/// Signs the user in with the ticket that a browser presented. `verify_again` has the portal verify
/// even the ticket that opened the current session.
///
/// # Errors
///
/// [`SignInError`].
pub async fn sign_in_with_ticket(
    app: &Arc<App>,
    state: &BrowserState,
    ticket: PresentedTicket,
    verify_again: bool,
) -> Result<TicketSignIn, SignInError> {
    let holder = state.browser.as_ref().map(TicketHolder::from);
    let prior = PriorSession::Browser(state.session.as_ref().filter(|_| !verify_again));
    // 1. Verify the ticket.
    let presented = Some(ticket.address);
    let holder = holder.as_ref();
    let verified = verify_ticket(app, holder, prior, ticket.decodings, presented).await;
    let verified =
        verified.inspect_err(|error| audit::sign_in_refused(app, &state.caller, error))?;
    let (identity, hash) = match verified {
        TicketOutcome::SameSession(session) => {
            return Ok(TicketSignIn::SignedIn(SignedIn {
                session,
                handles: None,
                ended: Vec::new(),
            }));
        }
        TicketOutcome::Identity(identity, hash) => (identity, hash),
    };
    let session = state.session.as_ref();
    let new_browser = || BrowserHandles::random(session, &mut rand::rng());
    let browser = state.browser.clone().unwrap_or_else(new_browser);
    let login = VerifiedLogin {
        identity,
        ticket: hash,
        holder: TicketHolder::from(&browser),
        already_owned: false,
    };
    // 2. Replace another user's session only if the click came from the portal (login CSRF).
    if login.needs_confirmation(session, ticket.from_portal, &app.policy) {
        let switch = UnclaimedSwitch { login, browser };
        return Ok(TicketSignIn::OtherUser(Box::new(switch)));
    }
    // 3. Begin or continue the session.
    let signed_in = sign_in(app, state, login, browser).await?;
    Ok(TicketSignIn::SignedIn(signed_in))
}

/// Signs the user in at the browser, and notifies the clients of sessions that this ended. Unless the
/// browser's session continues, the browser gets a new handle for its tickets.
///
/// # Errors
///
/// [`SignInError::TicketRefused`] when another browser was faster, [`SignInError::Left`],
/// [`SignInError::Store`].
pub async fn sign_in(
    app: &Arc<App>,
    state: &BrowserState,
    login: VerifiedLogin,
    browser: BrowserHandles,
) -> Result<SignedIn, SignInError> {
    let continues = |session: &Session| login.is_of(session);
    let browser = if state.session.as_ref().is_some_and(continues) {
        browser
    } else {
        browser.rotate(&mut rand::rng())
    };
    let login = VerifiedLogin {
        holder: TicketHolder::from(&browser),
        ..login
    };
    let current = CurrentSession {
        session: state.session.as_ref(),
        handle: state.handle,
    };
    let (session, handle, ended) = begin_session(app, current, login, &state.caller).await?;
    let client_id = state.caller.client_id.as_deref();
    tracing::info!(subject = %session.user.subject(), sid = %session.sid, client_id, address = %state.caller.address(), "Signed {} in", session.user.subject());
    Ok(SignedIn {
        session,
        handles: Some(NewHandles {
            session: Some(handle),
            browser,
        }),
        ended,
    })
}

/// Begins or continues the session of `login`. Returns it with its handle, and the sessions of other
/// users that this ended. The sign-in of `caller` is recorded before.
pub(super) async fn begin_session(
    app: &Arc<App>,
    current: CurrentSession<'_>,
    login: VerifiedLogin,
    caller: &Caller,
) -> Result<(Box<Session>, Handle, Vec<EndedSession>), SignInError> {
    let now = app.host.clock.now();
    let subject = login.identity.subject.clone();
    let handle = Handle::random(&mut rand::rng());
    let new = NewSession {
        sid: SessionId::random(&mut rand::rng()),
        handle: SessionHandleHash::of(&handle),
        logout_notice: app.logout_notifier.notice(None, now),
    };
    let sign_in = login.sign_in(current, new, &app.policy, now);
    let refused = |error| {
        audit::sign_in_refused(app, caller, &error);
        error
    };
    let outcome = app.store.sign_in(sign_in, now).await;
    match outcome.map_err(|error| refused(error.into()))? {
        SignInOutcome::TicketRefused => Err(refused(SignInError::TicketRefused)),
        SignInOutcome::Left => Err(refused(SignInError::Left(subject))),
        SignInOutcome::SignedIn(session, ended) => {
            let mut events = vec![audit::signed_in(&session, caller)];
            events.extend(audit::signed_out_events(
                &ended,
                SignOutCause::AccountSwitch,
                &caller.into(),
            ));
            audit::record(app, events).await?;
            for ended in &ended {
                tracing::info!(subject = %ended.subject, sid = %ended.sid, "Signed {} out, since {} took over the browser", ended.subject, session.user.subject());
            }
            backchannel_logout::notify_clients(app, &ended).await;
            Ok((session, handle, ended))
        }
    }
}
