//! Which clients are notified of a logout, and by when.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::ClientId;

use super::retry;
use crate::oauth::clients::Clients;
use crate::session::LogoutNotice;

/// How long a delivery is leased to one process: long enough to wait for a permit and for the
/// response.
pub const LEASE_DURATION: TimeDelta = TimeDelta::seconds(15);

/// The client that initiated the logout is notified this much later, when the browser is back at
/// that client. Otherwise Keycloak fails to finish its own logout (keycloak/keycloak#45547).
const INITIATOR_DELAY: TimeDelta = TimeDelta::seconds(10);

/// The clients that are notified of logouts.
pub struct LogoutNotifier {
    listeners: Arc<[ClientId]>,
}

impl LogoutNotifier {
    /// Notifies those of `clients` that have a `backchannel_logout_uri`.
    #[must_use]
    pub fn new(clients: &Clients) -> Self {
        let all = clients.all().into_iter();
        let listeners = all.filter(|client| client.logout.backchannel.is_some());
        Self {
            listeners: listeners.map(|client| client.id.clone()).collect(),
        }
    }

    /// The clients that are notified.
    #[must_use]
    pub fn listeners(&self) -> &[ClientId] {
        &self.listeners
    }

    /// How the clients of a session that ends at `now` are notified. `initiator` is the client that
    /// initiated the logout, and is notified last: the browser, or its own request, must return to
    /// it first.
    #[must_use]
    pub fn notice(&self, initiator: Option<ClientId>, now: DateTime<Utc>) -> LogoutNotice {
        LogoutNotice {
            listeners: Arc::clone(&self.listeners),
            leased_until: now + LEASE_DURATION,
            deferred: initiator.map(|client| (client, now + INITIATOR_DELAY)),
            expires_at: now + retry::DELIVERY_TTL,
        }
    }
}
