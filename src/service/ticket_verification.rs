//! Verifies a ticket: decides by its owner whether the portal is asked, and asks it.

use std::net::IpAddr;

use panda_oidc_sdk::{Identity, LoginError, LoginRequest, Subject, Ticket};

use crate::app::App;
use crate::crypto::identifiers::TicketHash;
use crate::limits::RateLimited;
use crate::login::policy::TicketReplay;
use crate::login::sign_in::{TicketHolder, TicketOwner};
use crate::login::ticket_decision::{TicketDecision, decide_ticket};
use crate::session::Session;
use crate::store::StoreError;

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
    /// The address has too many calls to the portal under way, or needed too many.
    #[error(transparent)]
    RateLimited(#[from] RateLimited),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SignInError {
    /// Whether the same ticket may sign its user in a little later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.is_failure() || matches!(self, Self::RateLimited(_))
    }

    /// Whether this provider or the portal failed, rather than the ticket.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        match self {
            Self::TicketRefused
            | Self::Left(_)
            | Self::Login(LoginError::Rejected(_))
            | Self::RateLimited(_) => false,
            Self::Login(LoginError::Unreachable(_) | LoginError::Unintelligible(_))
            | Self::Store(_) => true,
        }
    }
}

/// Where to look for a session that the ticket opened before. It continues without a request to the
/// portal, since each verification prolongs the ticket's life.
#[derive(Debug, Clone, Copy)]
pub enum PriorSession<'a> {
    /// The session of the browser; `None` also when the client requires a newer sign-in.
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

/// Verifies a ticket, given as its possible decodings, the most likely first. The portal is asked
/// about one after the other until it accepts one, or fails. Each request after the first counts as a
/// launch of its own, since anybody can write a ticket with several decodings.
///
/// `address` is where the ticket came from. It has a bounded share of the calls to the portal; `None`
/// has no bound.
///
/// # Errors
///
/// [`SignInError`] when the ticket does not prove a user.
pub async fn verify_ticket(
    app: &App,
    holder: Option<&TicketHolder>,
    prior: PriorSession<'_>,
    decodings: Vec<Ticket>,
    address: Option<IpAddr>,
) -> Result<TicketOutcome, SignInError> {
    let mut rejected = None;
    let mut was_asked = false;
    for ticket in decodings {
        // 1. Look up who owns the ticket, and the session that it opened.
        let Some(canonical) = app.provider.canonical_ticket(&ticket) else {
            let reason = "it is no ticket of provider.ticket_format".to_owned();
            rejected.get_or_insert(LoginError::Rejected(reason));
            continue;
        };
        let ticket_hash = app.ticket_hasher.hash(&canonical);
        let owner = owner(app, &ticket_hash).await?;
        let opened;
        let session = match prior {
            PriorSession::Browser(session) => session,
            PriorSession::Any => {
                opened = opened_by(app, holder, &ticket_hash, owner.as_ref()).await?;
                opened.as_ref()
            }
        };
        // 2. Decide whether the portal is asked.
        match decide_ticket(&ticket_hash, holder, owner.as_ref(), session, &app.policy) {
            TicketDecision::SameSession(session) => {
                return Ok(TicketOutcome::SameSession(Box::new(session.clone())));
            }
            TicketDecision::Refused => return Err(SignInError::TicketRefused),
            TicketDecision::VerifyWithPortal => {}
        }
        // 3. Ask the portal. If it rejects this decoding, try the next.
        if let Some(address) = address.filter(|_| was_asked) {
            app.limits.launches.check_address(address)?;
        }
        was_asked = true;
        let _share = match address {
            Some(address) => Some(app.limits.portal_calls.permit(address).await?),
            None => None,
        };
        match app.provider.authenticate(&LoginRequest { ticket }).await {
            Ok(identity) => return Ok(TicketOutcome::Identity(identity, ticket_hash)),
            Err(error @ LoginError::Rejected(_)) => rejected = Some(error),
            Err(error) => return Err(SignInError::Login(error)),
        }
    }
    let no_ticket = || LoginError::Rejected("there was no ticket".to_owned());
    Err(SignInError::Login(rejected.unwrap_or_else(no_ticket)))
}

/// Who owns the ticket; `None` if the policy does not track tickets.
async fn owner(app: &App, ticket: &TicketHash) -> Result<Option<TicketOwner>, StoreError> {
    match app.policy.replay {
        TicketReplay::Off => Ok(None),
        TicketReplay::BrowserBound | TicketReplay::Once => {
            app.store.owner(ticket, app.removal_time.now()).await
        }
    }
}

/// The session that `holder` opened with `ticket`, if `holder` still owns the ticket.
async fn opened_by(
    app: &App,
    holder: Option<&TicketHolder>,
    ticket: &TicketHash,
    owner: Option<&TicketOwner>,
) -> Result<Option<Session>, StoreError> {
    let owns = |owner: &TicketOwner| holder.is_some_and(|holder| holder.is(owner.holder));
    if !owner.is_some_and(|owner| owns(owner) && !owner.spent) {
        return Ok(None);
    }
    app.store.opened_by(ticket, app.host.clock.now()).await
}
