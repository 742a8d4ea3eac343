//! A person as the directory left them, and what became of them.

use chrono::{DateTime, Utc};
use panda_oidc_sdk::{Identity, Subject};
use serde::{Deserialize, Serialize};

use crate::session::{Delivery, DeliveryOutcome, EndedSession, User};

/// A person the store knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who it is.
    pub user: User,
    /// What the directory says of them.
    pub presence: Presence,
}

/// What the directory says of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Nothing: they have signed in and were never listed.
    Unlisted,
    /// They are listed.
    Listed,
    /// The last complete reading did not list them; this is when it was.
    Absent(DateTime<Utc>),
    /// Two complete readings did not list them. They are out since then.
    Left(DateTime<Utc>),
}

impl Presence {
    /// The word for it, in tables and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unlisted => "unlisted",
            Self::Listed => "listed",
            Self::Absent(_) => "absent",
            Self::Left(_) => "left",
        }
    }

    /// Whether the person may sign in.
    #[must_use]
    pub fn may_sign_in(self) -> bool {
        !matches!(self, Self::Left(_))
    }
}

/// A change that a reading of the directory found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// They are listed, for the first time, again, or by another name or number.
    Listed(Identity),
    /// They are not listed, for the first time.
    Absent(Subject),
    /// They are not listed again: they are gone.
    Left(Subject),
}

impl Change {
    /// Whom it is about.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        match self {
            Self::Listed(identity) => &identity.subject,
            Self::Absent(subject) | Self::Left(subject) => subject,
        }
    }
}

/// Something that happened to a leaver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// When.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub at: DateTime<Utc>,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What can happen to a leaver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A complete reading did not list them.
    Absent,
    /// Another one did not either. Their sessions ended, and nothing lets them in any more.
    Left {
        /// The sessions that ended.
        sessions: Vec<String>,
        /// The clients that had been granted something in them.
        clients: Vec<String>,
    },
    /// A client confirmed that it knows of a session's end.
    #[serde(rename = "told")]
    LogoutDelivered {
        /// Which client.
        client_id: String,
        /// Which session.
        sid: String,
    },
    /// A client was not told of a session's end, and will not be.
    #[serde(rename = "not_told")]
    LogoutNotDelivered {
        /// Which client.
        client_id: String,
        /// Which session.
        sid: String,
    },
    /// They are listed again, and may sign in.
    Returned,
}

impl Event {
    /// A delivery of a logout token ended.
    #[must_use]
    pub fn of_delivery(delivery: &Delivery, ending: DeliveryOutcome) -> Self {
        let (client_id, sid) = (delivery.client_id.to_string(), delivery.sid.to_string());
        match ending {
            DeliveryOutcome::Delivered => Self::LogoutDelivered { client_id, sid },
            DeliveryOutcome::GivenUp => Self::LogoutNotDelivered { client_id, sid },
        }
    }

    /// Somebody left, and these sessions ended by it.
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
