//! Which connections are served: a bounded number, of which one address may have a share. As many more wait,
//! since a burst is soon over; the rest are closed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ipnet::IpNet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::network;

/// How often refused connections are logged at most.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// Decides which connections are served. Clones share the counts.
#[derive(Clone)]
pub(super) struct Admission {
    all: Arc<Semaphore>,
    total: usize,
    per_address: usize,
    addresses: Arc<Mutex<HashMap<IpAddr, Address>>>,
    uncounted: Arc<[IpNet]>,
    refusals: Arc<Mutex<Refusals>>,
}

/// The connections of one address, or of the addresses of one subscriber.
struct Address {
    open: usize,
    served: Arc<Semaphore>,
}

/// An open connection, which may have to wait before it is served. Dropping it frees the place.
pub(super) struct Place {
    _among_all: OwnedSemaphorePermit,
    of_address: Option<PlaceOfAddress>,
}

struct PlaceOfAddress {
    admission: Admission,
    network: IpAddr,
    served: Arc<Semaphore>,
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
            total: connections,
            per_address,
            addresses: Arc::default(),
            uncounted: uncounted.into(),
            refusals: Arc::default(),
        }
    }

    /// Waits for a place for a connection of `address`. `None` when as many connections of the address
    /// wait to be served as are served.
    pub(super) async fn place(&self, address: IpAddr) -> Option<Place> {
        let is_proxy = self
            .uncounted
            .iter()
            .any(|proxies| proxies.contains(&address));
        let of_address = if is_proxy {
            None
        } else {
            Some(self.place_of(address)?)
        };
        Some(Place {
            _among_all: Arc::clone(&self.all).acquire_owned().await.ok()?,
            of_address,
        })
    }

    fn place_of(&self, address: IpAddr) -> Option<PlaceOfAddress> {
        let network = network(address);
        let mut addresses = lock(&self.addresses);
        let entry = addresses.entry(network).or_insert_with(|| Address {
            open: 0,
            served: Arc::new(Semaphore::new(self.per_address)),
        });
        if entry.open >= 2 * self.per_address {
            self.log_refusal(address);
            return None;
        }
        entry.open += 1;
        Some(PlaceOfAddress {
            admission: self.clone(),
            network,
            served: Arc::clone(&entry.served),
        })
    }

    /// Whether connections are scarce.
    pub(super) fn is_crowded(&self) -> bool {
        self.all.available_permits() < self.total / 4
    }

    fn log_refusal(&self, address: IpAddr) {
        let mut refusals = lock(&self.refusals);
        refusals.count += 1;
        let logged = refusals.logged_at;
        if logged.is_none_or(|logged| logged.elapsed() > LOG_INTERVAL) {
            tracing::warn!(
                address = %address,
                refused = refusals.count,
                "Closed {} connections: {address}, the latest, has twice as many as limits.connections_per_address. If it is a proxy, name it in server.trusted_proxies",
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
    /// Waits until the connection may be served, since its address has few enough others. The permit is
    /// to be kept while it is served.
    pub(super) async fn served(&self) -> Option<OwnedSemaphorePermit> {
        let served = &self.of_address.as_ref()?.served;
        Arc::clone(served).acquire_owned().await.ok()
    }
}

impl Drop for PlaceOfAddress {
    fn drop(&mut self) {
        let mut addresses = lock(&self.admission.addresses);
        if let Entry::Occupied(mut entry) = addresses.entry(self.network) {
            entry.get_mut().open -= 1;
            if entry.get().open == 0 {
                entry.remove();
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
