//! What clients have yet to be told: deliveries of logout tokens, queued in the commit that ends a
//! session and kept until they are taken or given up.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use panda_oidc_sdk::Subject;

use super::StoreError;
use crate::directory::Event;
use crate::login::session::SessionId;

/// Whom to tell that a session is over, and when. Of the clients of the session, those that listen
/// are queued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Farewell {
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
pub enum Ending {
    /// The client knows.
    Told,
    /// It does not, and will not be told.
    GivenUp,
}

impl Ending {
    /// What goes into the history of a leaver.
    pub(super) fn event(self, delivery: &Delivery) -> Event {
        let (client_id, sid) = (delivery.client_id.to_string(), delivery.sid.to_string());
        match self {
            Self::Told => Event::Told { client_id, sid },
            Self::GivenUp => Event::NotTold { client_id, sid },
        }
    }
}

impl Farewell {
    /// What to queue for a session with `clients`, each with the moment it is due. Those with an
    /// attempt already are leased to whoever ends the session.
    pub(super) fn deliveries(
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
pub struct Lease {
    /// At most so many.
    pub most: u32,
    /// At most so many to one client, with those that are held.
    pub each: u32,
    /// How many to a client are held from earlier leases, by its identifier.
    pub held: HashMap<String, u32>,
    /// When they are due again.
    pub until: DateTime<Utc>,
}

/// Deliveries of logout tokens, for whoever makes the next attempt.
#[async_trait]
pub trait LogoutDeliveries: Send + Sync {
    /// Takes deliveries that are due, those first that have been for longest. Nobody else gets them
    /// before `until`, when they are due again. Those whose time is over come, too.
    async fn lease_deliveries(
        &self,
        lease: Lease,
        now: DateTime<Utc>,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// Has a delivery be due at `until`, unless somebody else has leased it meanwhile.
    async fn put_off(&self, delivery: &Delivery, until: DateTime<Utc>) -> Result<(), StoreError>;

    /// Strikes a delivery off at `now`. If the session ended because the person left, their history
    /// says how it went.
    async fn strike_off(
        &self,
        delivery: &Delivery,
        ending: Ending,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;
}
