//! Limits how many logout requests to clients are in flight at once.

use std::collections::HashMap;
use std::sync::Arc;

use openidconnect::ClientId;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The most requests in flight.
const MAX_CALLS: u32 = 64;

/// The most requests in flight to one client, so that a client that hangs cannot block the others.
pub const MAX_PER_CLIENT: u32 = 8;

/// Permits for logout requests.
pub struct LogoutCalls {
    total: Arc<Semaphore>,
    by_client: HashMap<ClientId, Arc<Semaphore>>,
}

/// Permits one request; dropping it frees the slot.
pub struct CallPermit<'a> {
    _per_client: Option<SemaphorePermit<'a>>,
    _total: SemaphorePermit<'a>,
}

impl LogoutCalls {
    /// Permits for requests to `clients`; none is in flight yet.
    #[must_use]
    pub fn new(clients: &[ClientId]) -> Self {
        let none = Self {
            total: Arc::new(Semaphore::new(MAX_CALLS as usize)),
            by_client: HashMap::new(),
        };
        none.reloaded(clients)
    }

    /// Permits for requests to `clients`. The requests that are in flight count.
    #[must_use]
    pub fn reloaded(&self, clients: &[ClientId]) -> Self {
        let by_client = clients.iter().map(|id| {
            let calls = self.by_client.get(id).map_or_else(
                || Arc::new(Semaphore::new(MAX_PER_CLIENT as usize)),
                Arc::clone,
            );
            (id.clone(), calls)
        });
        Self {
            total: Arc::clone(&self.total),
            by_client: by_client.collect(),
        }
    }

    /// Waits for a permit for a request to `client`; `None` after [`Self::close`]. The permit of
    /// the client comes first, so that waiting for a client that hangs holds no slot of the total.
    pub async fn permit(&self, client: &ClientId) -> Option<CallPermit<'_>> {
        let per_client = match self.by_client.get(client) {
            Some(calls) => Some(calls.acquire().await.ok()?),
            None => None,
        };
        Some(CallPermit {
            _per_client: per_client,
            _total: self.total.acquire().await.ok()?,
        })
    }

    /// Waits until no request is in flight.
    pub async fn finished(&self) {
        // An error would mean a closed semaphore; `close` is called only after this wait.
        let _ = self.total.acquire_many(MAX_CALLS).await;
    }

    /// Stops giving out permits.
    pub fn close(&self) {
        self.total.close();
    }
}
