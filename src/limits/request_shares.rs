//! What one address may occupy of the requests in flight and of the memory for their bodies.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::shares::{Held, Shares};

/// How many bytes the large bodies that are being received may occupy together.
const LARGE_BODIES_BYTES: usize = 16 * 1024 * 1024;

/// How many of them those of one address may occupy.
const LARGE_BODIES_BYTES_PER_ADDRESS: usize = 4 * 1024 * 1024;

/// A body is large if it is longer than this, in bytes.
const LARGE_BODY_BYTES: usize = 8 * 1024;

/// The shares of the addresses.
#[derive(Debug)]
pub struct RequestShares {
    forwarded: Arc<Shares>,
    large_bodies: Arc<Shares>,
    all_large_bodies: Arc<Semaphore>,
}

/// What a request occupies; dropping it returns it.
#[derive(Debug)]
pub struct RequestShare {
    _request: Option<Held>,
    _body: Option<(Held, OwnedSemaphorePermit)>,
}

impl RequestShares {
    /// No request is in flight. Each client of a trusted proxy may have `forwarded` requests in flight:
    /// the connections, which are counted elsewhere, are the proxy's.
    #[must_use]
    pub fn new(forwarded: usize) -> Self {
        Self {
            forwarded: Shares::new(forwarded),
            large_bodies: Shares::new(LARGE_BODIES_BYTES_PER_ADDRESS),
            all_large_bodies: Arc::new(Semaphore::new(LARGE_BODIES_BYTES)),
        }
    }

    /// Takes what a request of `address` with a body of at most `body_bytes` occupies. `None` when that is
    /// too much.
    #[must_use]
    pub fn take(
        &self,
        address: IpAddr,
        body_bytes: usize,
        is_forwarded: bool,
    ) -> Option<RequestShare> {
        let request = if is_forwarded {
            Some(self.forwarded.of(address).take(1)?)
        } else {
            None
        };
        let body = if body_bytes > LARGE_BODY_BYTES {
            Some(self.take_large_body(address, body_bytes)?)
        } else {
            None
        };
        Some(RequestShare {
            _request: request,
            _body: body,
        })
    }

    fn take_large_body(
        &self,
        address: IpAddr,
        bytes: usize,
    ) -> Option<(Held, OwnedSemaphorePermit)> {
        let held = self.large_bodies.of(address).take(bytes)?;
        let all = Arc::clone(&self.all_large_bodies);
        let bytes = u32::try_from(bytes).ok()?;
        Some((held, all.try_acquire_many_owned(bytes).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_an_address_nor_all_together_occupy_too_much_memory() {
        let shares = RequestShares::new(8);
        let take = |last: u8| shares.take(IpAddr::from([10, 0, 0, last]), 64 * 1024, false);
        let mut held = Vec::new();
        for address in 0..5 {
            let mut own = 0;
            while let Some(share) = take(address) {
                held.push(share);
                own += 1;
            }
            assert_eq!(own, if address < 4 { 64 } else { 0 });
        }
        let small = shares.take(IpAddr::from([10, 0, 0, 0]), LARGE_BODY_BYTES, false);
        assert!(small.is_some());
        held.clear();
        assert!(take(4).is_some());
    }

    #[test]
    fn a_client_behind_a_proxy_has_its_share_of_requests_in_flight() {
        let shares = RequestShares::new(2);
        let take = |last: u8| shares.take(IpAddr::from([10, 0, 0, last]), 0, true);
        let held = (take(1), take(1));
        assert!(take(1).is_none() && take(2).is_some());
        drop(held);
        assert!(take(1).is_some());
    }
}
