//! The sign-in as the store carries it out.

use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use panda_oidc_sdk::Subject;

use crate::crypto::identifiers::{BrowserId, HolderId, SessionHandleHash, TicketHash, UserAgentId};
use crate::session::{EndedSession, LogoutNotice, Session, SessionId};

/// Who presents a ticket. The first holder owns the ticket from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TicketHolder {
    /// A browser, by the digest of its cookie.
    Browser(BrowserId),
    /// A client that exchanges a ticket it received (RFC 8693). It serves many users at once.
    Client(ClientId),
}

impl TicketHolder {
    /// The identifier under which the holder owns tickets.
    #[must_use]
    pub fn id(&self) -> HolderId {
        match self {
            Self::Browser(id) => HolderId::of_browser(*id),
            Self::Client(id) => HolderId::of_client(id.as_str()),
        }
    }

    /// The user agent in which `subject` signs in. Any other user who is signed in there is signed out.
    #[must_use]
    pub fn user_agent_of(&self, subject: &Subject) -> UserAgentId {
        match self {
            Self::Browser(id) => UserAgentId::of_browser(*id),
            Self::Client(id) => UserAgentId::of_client(id.as_str(), subject.as_str()),
        }
    }
}

/// Who owns a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketOwner {
    /// The first holder.
    pub holder: HolderId,
    /// Whether a session that the ticket opened was ended. A spent ticket opens no session, so that
    /// no one can use it after the logout (N62, docs/security.md).
    pub spent: bool,
}

/// A request to own a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketClaim {
    /// The keyed digest of the ticket.
    pub ticket: TicketHash,
    /// Who presents the ticket.
    pub holder: HolderId,
    /// The user that the portal reported. The portal may later report another user for the same
    /// ticket; the ticket is then refused (N66, docs/security.md).
    pub subject: Subject,
    /// Whether the ticket is refused if it has an owner, even if that is this holder.
    pub once: bool,
    /// How long the ownership is remembered. Each successful claim extends it.
    pub remember_until: DateTime<Utc>,
}

/// A sign-in: everything the store changes, decided beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The claim to the ticket, which must succeed first; `None` if tickets are not tracked.
    pub claim: Option<TicketClaim>,
    /// The browser, or the client's user. All sessions of other users in it end, so that none
    /// is left to the next user (N50, docs/security.md). That includes sessions that have expired or
    /// whose cookie is lost, because clients may still use them.
    pub user_agent: UserAgentId,
    /// The notice for the clients of those sessions.
    pub logout_notice: LogoutNotice,
    /// The live session of the same user that continues. It keeps its `sid` and takes `auth_time`,
    /// `expires_at`, `ticket` and user from `session`. If it has ended meanwhile, `session` begins as a
    /// new session.
    pub continued_session: Option<SessionId>,
    /// The session after the sign-in.
    pub session: Session,
    /// The new session handle.
    pub handle: SessionHandleHash,
    /// The previous session handle, and until when it still opens the continued session. Without that
    /// grace, two tabs that sign in at once would lock each other out.
    pub retired_handle: Option<(SessionHandleHash, DateTime<Utc>)>,
}

/// The outcome of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInOutcome {
    /// The user is signed in: the session as stored, and the sessions that were ended for it.
    SignedIn(Box<Session>, Vec<EndedSession>),
    /// The ticket has another owner, is spent, or named another user before. Nothing was changed.
    TicketRefused,
    /// The user has left, according to the directory. Nothing was changed.
    Left,
}
