//! Ended sessions, and the logout notifications that their clients still have to receive.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use panda_oidc_sdk::Subject;

use super::SessionId;

/// A session that has just ended, with the data to notify its clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedSession {
    /// The `sid`, which the clients know from their ID tokens.
    pub sid: SessionId,
    /// The user of the session.
    pub subject: Subject,
    /// The clients that received a grant in the session.
    pub clients: Vec<ClientId>,
    /// The deliveries whose first attempt is made by the caller that ended the session.
    pub leased: Vec<Delivery>,
}

/// Which clients to notify of the end of a session, and when. A delivery is queued for each client of
/// the session that is a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutNotice {
    /// The clients that can be notified.
    pub listeners: Arc<[ClientId]>,
    /// Until when the first attempt is reserved for the caller that ends the session.
    pub leased_until: DateTime<Utc>,
    /// A client that is not notified before the given time.
    pub deferred: Option<(ClientId, DateTime<Utc>)>,
    /// When to give up.
    pub expires_at: DateTime<Utc>,
}

/// A logout notification of one client about one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The `sid` of the session.
    pub sid: SessionId,
    /// The user of the session.
    pub subject: Subject,
    /// The client to notify.
    pub client_id: ClientId,
    /// The number of attempts, including the current one.
    pub attempts: u32,
    /// When to give up.
    pub expires_at: DateTime<Utc>,
}

/// The outcome of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The client has confirmed the logout notification.
    Delivered,
    /// The client was not notified, and there will be no further attempt.
    Abandoned,
}

impl LogoutNotice {
    /// The deliveries for a session with `clients`, each with the time it is due. Deliveries that count
    /// an attempt already are leased to the caller that ends the session.
    #[must_use]
    pub(crate) fn deliveries(
        &self,
        sid: &SessionId,
        subject: &Subject,
        clients: &[ClientId],
    ) -> Vec<(Delivery, DateTime<Utc>)> {
        let is_listener = |client: &&ClientId| self.listeners.contains(client);
        let queued = clients.iter().filter(is_listener).map(|client| {
            let later = self.deferred.as_ref().filter(|(id, _)| id == client);
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

/// How many deliveries a worker may take, and how long they are reserved for it.
#[derive(Debug, Clone)]
pub struct DeliveryLease {
    /// The most deliveries in total.
    pub max_total: u32,
    /// The most deliveries to one client, including those it still holds.
    pub max_per_client: u32,
    /// How many deliveries of earlier leases the worker still holds, by `client_id`.
    pub in_flight: HashMap<String, u32>,
    /// When the lease ends and the deliveries are due again.
    pub until: DateTime<Utc>,
}
