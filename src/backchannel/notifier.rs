//! Which clients are notified of a logout, and by when.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::ClientId;

use super::retry;
use crate::oauth::client::Clients;
use crate::session::LogoutNotice;

/// How long an attempt is left to one process: as long as it waits for its turn and the answer.
pub const LEASE_DURATION: TimeDelta = TimeDelta::seconds(15);

/// The client that asked for the logout is told this much later, when its own browser is back.
/// Keycloak loses the way otherwise (keycloak/keycloak#45547).
const INITIATOR_DELAY: TimeDelta = TimeDelta::seconds(10);

/// The clients that are told of logouts.
pub struct LogoutNotifier {
    listeners: Arc<[ClientId]>,
}

impl LogoutNotifier {
    /// Those of `clients` that have a `backchannel_logout_uri`.
    #[must_use]
    pub fn new(clients: &Clients) -> Self {
        let all = clients.all().into_iter();
        let listeners = all.filter(|client| client.logout.backchannel.is_some());
        Self {
            listeners: listeners.map(|client| client.id.clone()).collect(),
        }
    }

    /// The clients.
    #[must_use]
    pub fn listeners(&self) -> &[ClientId] {
        &self.listeners
    }

    /// How the clients of a session that ends at `now` are told. `initiator` asked for it, and has a
    /// browser, or a request of its own, that must come back first.
    #[must_use]
    pub fn notice(&self, initiator: Option<ClientId>, now: DateTime<Utc>) -> LogoutNotice {
        LogoutNotice {
            listeners: Arc::clone(&self.listeners),
            leased_until: now + LEASE_DURATION,
            later: initiator.map(|client| (client, now + INITIATOR_DELAY)),
            expires_at: now + retry::DELIVERY_TTL,
        }
    }
}
