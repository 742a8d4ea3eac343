//! The browser session: who is signed in, since when, and until when.

mod listing;
mod logout_notice;

use std::fmt;

use chrono::{DateTime, Utc};
use panda_oidc_sdk::{Identity, Subject};
use rand::CryptoRng;

pub use self::listing::{ListedSession, SessionFilter};
pub use self::logout_notice::{
    Delivery, DeliveryLease, DeliveryOutcome, EndedSession, LogoutNotice,
};
use crate::crypto::handle::Handle;
use crate::crypto::identifiers::{TicketHash, UserAgentId};
use crate::past::is_alive;

/// The public identifier of a session: the `sid` of its ID tokens and logout tokens (Back-Channel Logout
/// 1.0 §2.1). It gives no access; the cookie holds another random value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(String);

impl SessionId {
    /// A new random `sid`.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        Self(Handle::random(rng).expose().to_owned())
    }

    /// The `sid` as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for SessionId {
    fn from(sid: String) -> Self {
        Self(sid)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A user as the store knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// What the identity provider last reported.
    pub identity: Identity,
    /// When `identity` last changed: the claim `updated_at` (OIDC Core §5.1).
    pub updated_at: DateTime<Utc>,
}

impl User {
    /// Shorthand for the subject.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.identity.subject
    }
}

/// A live session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its public identifier.
    pub sid: SessionId,
    /// Where the user is signed in.
    pub user_agent: UserAgentId,
    /// The user who is signed in.
    pub user: User,
    /// When the portal last verified the user in this browser.
    pub auth_time: DateTime<Utc>,
    /// When the session expires.
    pub expires_at: DateTime<Utc>,
    /// The keyed digest of the ticket with which the user was last verified.
    pub ticket: TicketHash,
}

impl Session {
    /// Whether it is live at `now`: neither expired nor dated further ahead than it lives.
    #[must_use]
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        is_alive(self.auth_time, self.expires_at, now)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use crate::session::*;
    use chrono::TimeDelta;

    /// A session of `subject` that begins at the epoch and lasts twelve hours.
    pub(crate) fn session(subject: &str) -> Session {
        Session {
            sid: SessionId::from("sid".to_owned()),
            user_agent: UserAgentId::from([0; 32]),
            user: User {
                identity: Identity {
                    subject: Subject::new(subject).unwrap(),
                    name: None,
                    phone: None,
                },
                updated_at: DateTime::UNIX_EPOCH,
            },
            auth_time: DateTime::UNIX_EPOCH,
            expires_at: DateTime::UNIX_EPOCH + TimeDelta::hours(12),
            ticket: TicketHash::from([0; 32]),
        }
    }

    #[test]
    fn two_sessions_never_share_a_sid() {
        let mut rng = rand::rng();
        assert_ne!(SessionId::random(&mut rng), SessionId::random(&mut rng));
    }
}
