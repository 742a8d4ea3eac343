//! The sign-in as the store carries it out.

use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use panda_oidc_sdk::Subject;

use super::browser::BrowserHandles;
use crate::crypto::identifiers::{BrowserId, HolderId, SessionHandleHash, TicketHash, UserAgentId};
use crate::session::{EndedSession, LogoutNotice, Session, SessionId};

/// Who presents a ticket. The first holder owns the ticket from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TicketHolder {
    /// A browser, by the digests of the handles in its cookie.
    Browser {
        /// Where its sessions are.
        user_agent: UserAgentId,
        /// The owner of the tickets that it claims from now on.
        owner: BrowserId,
        /// The owners of the tickets that it claimed before.
        earlier: Vec<BrowserId>,
    },
    /// A client that exchanges a ticket it received (RFC 8693). It serves many users at once.
    Client(ClientId),
}

impl From<&BrowserHandles> for TicketHolder {
    fn from(handles: &BrowserHandles) -> Self {
        Self::Browser {
            user_agent: handles.user_agent(),
            owner: handles.owner(),
            earlier: handles.earlier_owners(),
        }
    }
}

impl TicketHolder {
    /// The identifier under which the holder claims tickets.
    #[must_use]
    pub fn id(&self) -> HolderId {
        match self {
            Self::Browser { owner, .. } => HolderId::of_browser(*owner),
            Self::Client(id) => HolderId::of_client(id.as_str()),
        }
    }

    /// The identifiers under which the holder claimed tickets before.
    #[must_use]
    pub fn earlier_ids(&self) -> Vec<HolderId> {
        match self {
            Self::Browser { earlier, .. } => {
                earlier.iter().copied().map(HolderId::of_browser).collect()
            }
            Self::Client(_) => Vec::new(),
        }
    }

    /// Whether `owner` is this holder.
    #[must_use]
    pub fn is(&self, owner: HolderId) -> bool {
        self.id() == owner || self.earlier_ids().contains(&owner)
    }

    /// The user agent of a sign-in whose new session handle is `handle`. Any other user who is signed in
    /// there is signed out.
    #[must_use]
    pub fn user_agent(&self, handle: SessionHandleHash) -> UserAgentId {
        match self {
            Self::Browser { user_agent, .. } => *user_agent,
            Self::Client(_) => UserAgentId::of_session(handle),
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
    /// Who presents the ticket, and owns it from now on.
    pub holder: HolderId,
    /// Earlier identifiers of the holder. A ticket that belongs to one of them passes to `holder`.
    pub earlier: Vec<HolderId>,
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
    /// The notice for the clients of the sessions that end.
    pub logout_notice: LogoutNotice,
    /// Which live session of the same user continues. It keeps its `sid` and takes all else from
    /// `session`. If there is none, `session` begins as a new session.
    pub continues: ContinuedSession,
    /// The session after the sign-in. All sessions of other users in its user agent end, so that none
    /// is left to the next user (N50, docs/security.md). That includes sessions that have expired or
    /// whose cookie is lost, because clients may still use them.
    pub session: Session,
    /// The new session handle.
    pub handle: SessionHandleHash,
    /// The previous session handle, and until when it still opens the continued session. Without that
    /// grace, two tabs that sign in at once would lock each other out.
    pub retired_handle: Option<(SessionHandleHash, DateTime<Utc>)>,
}

/// Which live session of the same user a sign-in continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContinuedSession {
    /// The session that the browser's cookie opens. If it has ended meanwhile, as [`Self::AnyInUserAgent`].
    Current(SessionId),
    /// Any in the user agent. A browser that has lost its session cookie, or whose tabs signed in at
    /// once, would otherwise have two live sessions, of which a logout might end one.
    AnyInUserAgent,
    /// None. A client serves many browsers.
    None,
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
