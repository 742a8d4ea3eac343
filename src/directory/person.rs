//! A user as the directory last reported them, and the history of a leaver.

use chrono::{DateTime, Utc};
use panda_oidc_sdk::{Identity, Subject};
use serde::{Deserialize, Serialize};

use crate::session::{Delivery, DeliveryOutcome, EndedSession, User};

/// A user that the store knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The user.
    pub user: User,
    /// Whether the directory lists the user.
    pub presence: Presence,
}

/// Whether the directory lists a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The user has signed in, but was never listed.
    Unlisted,
    /// The user is listed.
    Listed,
    /// The last complete reading did not list the user. Holds the time of that reading.
    Absent(DateTime<Utc>),
    /// Two complete readings in a row did not list the user. Holds the time since when they may not sign
    /// in.
    Left(DateTime<Utc>),
}

impl Presence {
    /// The presence of a user by when the directory first listed them, since when it does not, and when they
    /// were taken to have left.
    #[must_use]
    pub fn of(
        listed: Option<DateTime<Utc>>,
        absent: Option<DateTime<Utc>>,
        left: Option<DateTime<Utc>>,
    ) -> Self {
        match (listed, absent, left) {
            (_, _, Some(left)) => Self::Left(left),
            (_, Some(absent), None) => Self::Absent(absent),
            (Some(_), None, None) => Self::Listed,
            (None, None, None) => Self::Unlisted,
        }
    }

    /// The value in tables and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unlisted => "unlisted",
            Self::Listed => "listed",
            Self::Absent(_) => "absent",
            Self::Left(_) => "left",
        }
    }

    /// Whether the user may sign in.
    #[must_use]
    pub fn may_sign_in(self) -> bool {
        !matches!(self, Self::Left(_))
    }
}

/// A change that a reading of the directory found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The user is listed for the first time, or again, or with another name or phone number.
    Listed(Identity),
    /// The user is not listed, for the first time.
    Absent(Subject),
    /// The user is not listed for the second time in a row, and so has left.
    Left(Subject),
}

impl Change {
    /// The subject of the changed user.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        match self {
            Self::Listed(identity) => &identity.subject,
            Self::Absent(subject) | Self::Left(subject) => subject,
        }
    }
}

/// An entry in the history of a leaver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// When it happened.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub at: DateTime<Utc>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What can happen to a leaver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A complete reading did not list the user.
    Absent,
    /// The next complete reading did not list the user either. Their sessions ended, and they may not
    /// sign in any more.
    Left {
        /// The sessions that ended.
        sessions: Vec<String>,
        /// The clients that had received a grant in these sessions.
        clients: Vec<String>,
    },
    /// A client confirmed the logout notification for a session.
    #[serde(rename = "told")]
    LogoutDelivered {
        /// The client.
        client_id: String,
        /// The `sid` of the session.
        sid: String,
    },
    /// A client was not notified of the end of a session, and there will be no further attempt.
    #[serde(rename = "not_told")]
    LogoutNotDelivered {
        /// The client.
        client_id: String,
        /// The `sid` of the session.
        sid: String,
    },
    /// The user is listed again, and may sign in.
    Returned,
}

impl Event {
    /// The event for the outcome of a logout token delivery.
    #[must_use]
    pub fn of_delivery(delivery: &Delivery, outcome: DeliveryOutcome) -> Self {
        let (client_id, sid) = (delivery.client_id.to_string(), delivery.sid.to_string());
        match outcome {
            DeliveryOutcome::Delivered => Self::LogoutDelivered { client_id, sid },
            DeliveryOutcome::Abandoned => Self::LogoutNotDelivered { client_id, sid },
        }
    }

    /// The event for a leaver whose sessions were `ended`.
    #[must_use]
    pub fn left(ended: &[EndedSession]) -> Self {
        let clients = ended.iter().flat_map(|session| &session.clients);
        let mut clients: Vec<_> = clients.map(|client| client.as_str().to_owned()).collect();
        clients.sort_unstable();
        clients.dedup();
        Self::Left {
            sessions: ended
                .iter()
                .map(|session| session.sid.to_string())
                .collect(),
            clients,
        }
    }
}
