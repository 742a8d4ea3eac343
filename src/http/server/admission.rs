//! Which connections are served: a bounded number, of which one address may have a share. As many more wait
//! for that share, since a burst is soon over; the rest are closed.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ipnet::IpNet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{Held, Share, Shares};

/// How often refused connections are logged at most.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// Decides which connections are served. Clones share the counts.
#[derive(Clone)]
pub(super) struct Admission {
    all: Arc<Semaphore>,
    /// The room for connections that wait for the share of their address. They take none from those that
    /// are served.
    waiting: Arc<Semaphore>,
    total: usize,
    shares: Arc<Shares>,
    uncounted: Arc<[IpNet]>,
    refusals: Arc<Mutex<Refusals>>,
}

/// An open connection, which may have to wait before it is served. Dropping it frees the place.
pub(super) enum Place {
    /// It may be served at once.
    Free(Served),
    /// It waits for others of its address.
    Waiting {
        _room: OwnedSemaphorePermit,
        share: Share,
        all: Arc<Semaphore>,
    },
}

/// The place of a connection that is being served.
pub(super) struct Served {
    _among_all: Option<OwnedSemaphorePermit>,
    _of_address: Option<Held>,
}

/// The refusals that were not logged yet.
#[derive(Default)]
struct Refusals {
    count: u64,
    logged_at: Option<Instant>,
}

impl Admission {
    /// `connections` at once, of which `per_address` are of one address. Those of `uncounted` addresses
    /// may be all.
    pub(super) fn new(connections: usize, per_address: usize, uncounted: Vec<IpNet>) -> Self {
        Self {
            all: Arc::new(Semaphore::new(connections)),
            waiting: Arc::new(Semaphore::new(per_address)),
            total: connections,
            shares: Shares::new(per_address),
            uncounted: uncounted.into(),
            refusals: Arc::default(),
        }
    }

    /// Waits for a place for a connection of `address`. `None` when the address has its share of connections
    /// and there is no room to wait for it.
    pub(super) async fn place(&self, address: IpAddr) -> Option<Place> {
        let is_proxy = self
            .uncounted
            .iter()
            .any(|proxies| proxies.contains(&address));
        let of_address = if is_proxy {
            None
        } else {
            match self.shares.of(address).try_one() {
                Ok(held) => Some(held),
                Err(share) => return self.waiting(address, share),
            }
        };
        Some(Place::Free(Served {
            _among_all: Arc::clone(&self.all).acquire_owned().await.ok(),
            _of_address: of_address,
        }))
    }

    /// The place of a connection whose address has its share already.
    fn waiting(&self, address: IpAddr, share: Share) -> Option<Place> {
        let Ok(room) = Arc::clone(&self.waiting).try_acquire_owned() else {
            self.log_refusal(address);
            return None;
        };
        Some(Place::Waiting {
            _room: room,
            share,
            all: Arc::clone(&self.all),
        })
    }

    /// Whether connections are scarce.
    pub(super) fn is_crowded(&self) -> bool {
        self.all.available_permits() < self.total / 4
    }

    fn log_refusal(&self, address: IpAddr) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.count += 1;
        let logged = refusals.logged_at;
        if logged.is_none_or(|logged| logged.elapsed() > LOG_INTERVAL) {
            tracing::warn!(
                address = %address,
                refused = refusals.count,
                "Closed {} connections: {address}, the latest, has more than limits.connections_per_address, and as many or others wait. If it is a proxy, name it in server.trusted_proxies",
                refusals.count
            );
            *refusals = Refusals {
                count: 0,
                logged_at: Some(Instant::now()),
            };
        }
    }
}

impl Place {
    /// Waits until the connection may be served, since its address has few enough others.
    pub(super) async fn served(self) -> Served {
        match self {
            Self::Free(served) => served,
            Self::Waiting { share, all, .. } => {
                let of_address = share.wait().await;
                Served {
                    _among_all: all.acquire_owned().await.ok(),
                    _of_address: of_address,
                }
            }
        }
    }
}
