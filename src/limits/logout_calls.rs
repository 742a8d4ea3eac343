//! How many logout calls to clients are under way at once.

use std::collections::HashMap;

use openidconnect::ClientId;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The most calls under way.
const MAX_CALLS: u32 = 64;

/// The most of them to one client: one that hangs leaves the others theirs.
pub const MAX_PER_CLIENT: u32 = 8;

/// The calls that may be made.
pub struct LogoutCalls {
    all: Semaphore,
    by_client: HashMap<ClientId, Semaphore>,
}

/// The right to make one call, until it is dropped.
pub struct CallPermit<'a> {
    _to_the_client: Option<SemaphorePermit<'a>>,
    _of_all: SemaphorePermit<'a>,
}

impl LogoutCalls {
    /// Calls to `clients`; none is under way yet.
    #[must_use]
    pub fn new(clients: &[ClientId]) -> Self {
        let by_client = clients.iter().cloned();
        let by_client = by_client.map(|id| (id, Semaphore::new(MAX_PER_CLIENT as usize)));
        Self {
            all: Semaphore::new(MAX_CALLS as usize),
            by_client: by_client.collect(),
        }
    }

    /// Waits until `client` may be called; `None` once no more calls are made. Whoever waits for a
    /// client that hangs keeps no call from another.
    pub async fn permit(&self, client: &ClientId) -> Option<CallPermit<'_>> {
        let to_the_client = match self.by_client.get(client) {
            Some(calls) => Some(calls.acquire().await.ok()?),
            None => None,
        };
        Some(CallPermit {
            _to_the_client: to_the_client,
            _of_all: self.all.acquire().await.ok()?,
        })
    }

    /// Waits until no call is under way.
    pub async fn finished(&self) {
        // It is closed only by `close`, when nobody waits any more.
        let _ = self.all.acquire_many(MAX_CALLS).await;
    }

    /// Lets no more calls be made.
    pub fn close(&self) {
        self.all.close();
    }
}
