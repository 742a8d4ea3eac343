//! The shares of a bounded thing that addresses hold, so that none holds it whole.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::network::network;

/// How much each address may hold of a bounded thing, such as connections. Addresses that share a network
/// share what they may hold. An address that holds nothing takes no memory.
#[derive(Debug)]
pub struct Shares {
    per_address: usize,
    held: Mutex<HashMap<IpAddr, OfAddress>>,
}

#[derive(Debug)]
struct OfAddress {
    holders: usize,
    free: Arc<Semaphore>,
}

/// One holder's claim to the share of its address.
#[derive(Debug)]
pub struct Share {
    shares: Arc<Shares>,
    network: IpAddr,
    free: Arc<Semaphore>,
}

/// A part of the thing; dropping it returns it.
#[derive(Debug)]
pub struct Held {
    _part: OwnedSemaphorePermit,
    _share: Share,
}

impl Shares {
    /// Nobody holds anything yet; each address may hold `per_address`.
    #[must_use]
    pub fn new(per_address: usize) -> Arc<Self> {
        Arc::new(Self {
            per_address,
            held: Mutex::default(),
        })
    }

    /// The share of `address`, for one more holder.
    #[must_use]
    pub fn of(self: &Arc<Self>, address: IpAddr) -> Share {
        let network = network(address);
        let mut held = self.lock();
        let of_address = held.entry(network).or_insert_with(|| OfAddress {
            holders: 0,
            free: Arc::new(Semaphore::new(self.per_address)),
        });
        of_address.holders += 1;
        Share {
            shares: Arc::clone(self),
            network,
            free: Arc::clone(&of_address.free),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, OfAddress>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether no address holds anything.
    #[cfg(test)]
    pub(super) fn is_unused(&self) -> bool {
        self.lock().is_empty()
    }
}

impl Share {
    /// Takes `amount` at once; `None` when the address would hold too much.
    #[must_use]
    pub fn take(self, amount: usize) -> Option<Held> {
        let amount = u32::try_from(amount).ok()?;
        let part = Arc::clone(&self.free).try_acquire_many_owned(amount).ok()?;
        Some(Held {
            _part: part,
            _share: self,
        })
    }

    /// Takes one if the address holds less than its share; otherwise gives itself back.
    ///
    /// # Errors
    ///
    /// This share, to wait with.
    pub fn try_one(self) -> Result<Held, Self> {
        match Arc::clone(&self.free).try_acquire_owned() {
            Ok(part) => Ok(Held {
                _part: part,
                _share: self,
            }),
            Err(_) => Err(self),
        }
    }

    /// Waits until the address holds less than its share, and takes one. Never `None`: a share is not closed.
    pub async fn wait(self) -> Option<Held> {
        let part = Arc::clone(&self.free).acquire_owned().await.ok()?;
        Some(Held {
            _part: part,
            _share: self,
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Entry::Occupied(mut of_address) = self.shares.lock().entry(self.network) {
            of_address.get_mut().holders -= 1;
            if of_address.get().holders == 0 {
                of_address.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_its_share_and_no_more_and_what_is_dropped_is_free_again() {
        let shares = Shares::new(3);
        let take = |address: &str, amount| shares.of(address.parse().unwrap()).take(amount);
        let held = take("10.0.0.1", 2).unwrap();
        let more = take("10.0.0.1", 1).unwrap();
        assert!(take("10.0.0.1", 1).is_none());
        assert!(take("10.0.0.2", 3).is_some());
        drop(more);
        assert!(take("10.0.0.1", 2).is_none());
        assert!(take("10.0.0.1", 1).is_some());
        drop(held);
        assert!(shares.is_unused());
        assert!(take("10.0.0.1", usize::MAX).is_none());
        let held = take("2001:db8::1", 3).unwrap();
        assert!(take("2001:db8::2", 1).is_none(), "the same subscriber");
        drop(held);
    }
}
