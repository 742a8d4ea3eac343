//! The browser session: who is signed in, since when, and until when.

mod logout_notice;

use std::fmt;

use chrono::{DateTime, Utc};
use panda_oidc_sdk::{Identity, Subject};
use rand::CryptoRng;

pub use self::logout_notice::{
    Delivery, DeliveryLease, DeliveryOutcome, EndedSession, LogoutNotice,
};
use crate::crypto::handle::Handle;
use crate::crypto::identifiers::TicketHash;

/// The public name of a session: the `sid` of its ID tokens and logout tokens (Back-Channel Logout
/// 1.0 §2.1). It opens nothing; the cookie holds another random value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(String);

impl SessionId {
    /// A new name.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        Self(Handle::random(rng).expose().to_owned())
    }

    /// The name as text.
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

/// A person as the store remembers them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// What the identity provider last said about them.
    pub identity: Identity,
    /// When what it said last changed: the claim `updated_at` (OIDC Core §5.1).
    pub updated_at: DateTime<Utc>,
}

impl User {
    /// Shorthand for the subject.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.identity.subject
    }
}

/// A session that lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its public name.
    pub sid: SessionId,
    /// Whose it is.
    pub user: User,
    /// When the portal last proved the user in this browser.
    pub auth_time: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// The keyed digest of the ticket that proved the user last.
    pub ticket: TicketHash,
}

#[cfg(test)]
pub(crate) mod tests {
    use crate::session::*;
    use chrono::TimeDelta;

    /// A session of `subject` that began at the epoch and lives twelve hours.
    pub(crate) fn session(subject: &str) -> Session {
        Session {
            sid: SessionId::from("sid".to_owned()),
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
    fn no_two_sessions_have_one_name() {
        let mut rng = rand::rng();
        assert_ne!(SessionId::random(&mut rng), SessionId::random(&mut rng));
    }
}
