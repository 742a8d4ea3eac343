//! Sessions that are over, and what their clients have yet to be told.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use panda_oidc_sdk::Subject;

use super::SessionId;

/// A session that has just been ended, with what is needed to tell its clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedSession {
    /// Its name, known to the clients from their ID tokens.
    pub sid: SessionId,
    /// Whose it was.
    pub subject: Subject,
    /// The clients that were granted something in it.
    pub clients: Vec<ClientId>,
    /// The deliveries whose first attempt is left to whoever ended it.
    pub leased: Vec<Delivery>,
}

/// Whom to tell that a session is over, and when. Of the clients of the session, those that listen
/// are queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutNotice {
    /// The clients that can be told.
    pub listeners: Arc<[ClientId]>,
    /// Until when the first attempt is left to whoever ends the session.
    pub leased_until: DateTime<Utc>,
    /// A client that nobody tells before a moment of its own.
    pub later: Option<(ClientId, DateTime<Utc>)>,
    /// When to give up.
    pub expires_at: DateTime<Utc>,
}

/// One client, to be told that one session is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The session.
    pub sid: SessionId,
    /// Whose it was.
    pub subject: Subject,
    /// Whom to tell.
    pub client_id: ClientId,
    /// How often it was tried, with the attempt that is being made.
    pub attempts: u32,
    /// When to give up.
    pub expires_at: DateTime<Utc>,
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The client knows.
    Delivered,
    /// It does not, and will not be told.
    GivenUp,
}

impl LogoutNotice {
    /// What to queue for a session with `clients`, each with the moment it is due. Those with an
    /// attempt already are leased to whoever ends the session.
    #[must_use]
    pub(crate) fn deliveries(
        &self,
        sid: &SessionId,
        subject: &Subject,
        clients: &[ClientId],
    ) -> Vec<(Delivery, DateTime<Utc>)> {
        let listens = |client: &&ClientId| self.listeners.contains(client);
        let queued = clients.iter().filter(listens).map(|client| {
            let later = self.later.as_ref().filter(|(id, _)| id == client);
            let delivery = Delivery {
                sid: sid.clone(),
                subject: subject.clone(),
                client_id: client.clone(),
                attempts: u32::from(later.is_none()),
                expires_at: self.expires_at,
            };
            (delivery, later.map_or(self.leased_until, |(_, due)| *due))
        });
        queued.collect()
    }
}

/// How many deliveries somebody can make, and how long they are nobody else's.
#[derive(Debug, Clone)]
pub struct DeliveryLease {
    /// At most so many.
    pub most: u32,
    /// At most so many to one client, with those that are held.
    pub each: u32,
    /// How many to a client are held from earlier leases, by its identifier.
    pub held: HashMap<String, u32>,
    /// When they are due again.
    pub until: DateTime<Utc>,
}
