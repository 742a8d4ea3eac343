//! A sign-in, decided and ready for the store to carry out.

use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use panda_oidc_sdk::Subject;

use crate::crypto::identifiers::{BrowserId, HolderId, PlaceId, SessionHandleHash, TicketHash};
use crate::session::{EndedSession, LogoutNotice, Session, SessionId};

/// Who presents a ticket, and owns it from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TicketHolder {
    /// A browser, by the digest of its cookie.
    Browser(BrowserId),
    /// A client that exchanges tickets it was sent (RFC 8693). It serves many people at once.
    Client(ClientId),
}

impl TicketHolder {
    /// The name by which the holder owns tickets.
    #[must_use]
    pub fn id(&self) -> HolderId {
        match self {
            Self::Browser(id) => HolderId::of_browser(*id),
            Self::Client(id) => HolderId::of_client(id.as_str()),
        }
    }

    /// Where `subject` is signed in: whoever else is signed in at the same place is signed out.
    #[must_use]
    pub fn place_of(&self, subject: &Subject) -> PlaceId {
        match self {
            Self::Browser(id) => PlaceId::of_browser(*id),
            Self::Client(id) => PlaceId::of_client(id.as_str(), subject.as_str()),
        }
    }
}

/// Who owns a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketOwner {
    /// Who presented it first.
    pub holder: HolderId,
    /// Whether a session it opened was ended, so that it opens nothing any more.
    pub spent: bool,
}

/// A wish to own a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketClaim {
    /// The keyed digest of the ticket.
    pub ticket: TicketHash,
    /// Who presents it.
    pub holder: HolderId,
    /// Whom the portal says it names. A ticket that named somebody else before is refused.
    pub subject: Subject,
    /// Whether a ticket that anybody owns, even this browser, is refused.
    pub once: bool,
    /// Until when to remember the ownership; a claim that succeeds again prolongs it.
    pub remember_until: DateTime<Utc>,
}

/// A sign-in, decided and ready to be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The ticket to own first, unless tickets are not tracked.
    pub claim: Option<TicketClaim>,
    /// The browser that is taken over: every session that another user had in it ends, also those
    /// that ran out or whose cookie the browser has lost, since clients may go on with them (F6).
    pub place: PlaceId,
    /// How the clients of those sessions are told.
    pub logout_notice: LogoutNotice,
    /// The live session of the same user that goes on: it keeps its `sid` and takes `auth_time`,
    /// `expires_at`, `ticket` and user from `session`. When it has ended meanwhile, `session`
    /// begins as a new one.
    pub continues: Option<SessionId>,
    /// The session as it shall be.
    pub session: Session,
    /// The new handle that opens it.
    pub handle: SessionHandleHash,
    /// The handle the browser held so far opens the continued session only until then, so that
    /// two tabs that sign in at once do not lock each other out.
    pub retires: Option<(SessionHandleHash, DateTime<Utc>)>,
}

/// How a sign-in ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInOutcome {
    /// The session lives. Holds it as stored, and those that were ended for it.
    SignedIn(Box<Session>, Vec<EndedSession>),
    /// Another browser owns the ticket, or it is spent, or it named somebody else before: nothing
    /// was changed.
    TicketRefused,
    /// The person has left, by the directory: nothing was changed.
    Left,
}
