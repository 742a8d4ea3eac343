//! The shares of a bounded thing that addresses hold, so that none holds it whole.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::network::network;

/// How much each address holds of a bounded thing, such as connections. Addresses that share a network
/// share what it may hold.
#[derive(Debug)]
pub struct Shares {
    per_address: usize,
    held: Mutex<HashMap<IpAddr, usize>>,
}

/// A part of the thing; dropping it returns it.
#[derive(Debug)]
pub struct Share {
    shares: Arc<Shares>,
    network: IpAddr,
    amount: usize,
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

    /// Takes `amount` for `address`; `None` when the address would hold too much.
    #[must_use]
    pub fn take(self: &Arc<Self>, address: IpAddr, amount: usize) -> Option<Share> {
        let network = network(address);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let before = held.get(&network).copied().unwrap_or(0);
        let after = before.checked_add(amount)?;
        if after > self.per_address {
            return None;
        }
        held.insert(network, after);
        Some(Share {
            shares: Arc::clone(self),
            network,
            amount,
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let held = &self.shares.held;
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut entry) = held.entry(self.network) {
            *entry.get_mut() = entry.get().saturating_sub(self.amount);
            if *entry.get() == 0 {
                entry.remove();
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
        let take = |address: &str, amount| shares.take(address.parse().unwrap(), amount);
        let held = take("10.0.0.1", 2).unwrap();
        let more = take("10.0.0.1", 1).unwrap();
        assert!(take("10.0.0.1", 1).is_none());
        assert!(take("10.0.0.2", 3).is_some());
        drop(more);
        assert!(take("10.0.0.1", 2).is_none());
        assert!(take("10.0.0.1", 1).is_some());
        drop(held);
        assert!(shares.held.lock().unwrap().is_empty());
        assert!(take("10.0.0.1", usize::MAX).is_none());
        let held = take("2001:db8::1", 3).unwrap();
        assert!(take("2001:db8::2", 1).is_none(), "the same subscriber");
        drop(held);
    }
}
