//! Limits how many calls to the portal one address has under way, so that a caller whose tickets the
//! portal never answers cannot hold all of them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use panda_oidc_sdk::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::buckets::{Buckets, Exceeded, RateLimited};
use super::network::network;
use crate::config::Rate;

/// How long a call waits for a place in the share of its address. A whole control room may share an
/// address, and a healthy portal answers within this time.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// How often a minute the refusals of one address are logged.
const LOG_LINES: Rate = Rate(Some(NonZeroU32::MIN));

/// The calls to the portal under way, by address. An address without one takes no memory.
pub struct PortalCalls {
    max: Rate,
    exempt: Arc<[IpNet]>,
    under_way: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
    log_lines: Option<Buckets<IpAddr>>,
}

/// Permission for one call. Dropping it makes room for the next.
pub struct PortalCall<'a> {
    _place: Option<Place<'a>>,
}

impl PortalCalls {
    pub(super) fn new(max: Rate, exempt: Arc<[IpNet]>, clock: &Arc<dyn Clock>) -> Self {
        Self {
            max,
            exempt,
            under_way: Mutex::default(),
            log_lines: Buckets::new(LOG_LINES, clock),
        }
    }

    /// Waits a moment for a place in the share of `address`.
    ///
    /// # Errors
    ///
    /// [`RateLimited`] when the calls of `address` stay under way.
    pub async fn permit(&self, address: IpAddr) -> Result<PortalCall<'_>, RateLimited> {
        let exempt = self.exempt.iter().any(|network| network.contains(&address));
        let Some(max) = self.max.0.filter(|_| !exempt) else {
            return Ok(PortalCall { _place: None });
        };
        let mut place = Place::new(self, network(address), max);
        let waited = tokio::time::timeout(MAX_WAIT, Arc::clone(&place.share).acquire_owned()).await;
        // The semaphore is never closed.
        let Ok(Ok(permit)) = waited else {
            return Err(self.refusal(address, max));
        };
        place.permit = Some(permit);
        Ok(PortalCall {
            _place: Some(place),
        })
    }

    fn refusal(&self, address: IpAddr, limit: NonZeroU32) -> RateLimited {
        let first = |lines: &Buckets<IpAddr>| lines.requests.check_key(&network(address)).is_ok();
        RateLimited {
            caller: address.to_string(),
            limit,
            exceeded: Exceeded::PortalCalls,
            retry_after_secs: MAX_WAIT.as_secs(),
            should_log: self.log_lines.as_ref().is_some_and(first),
        }
    }

    pub(super) fn sweep(&self) {
        self.log_lines.iter().for_each(Buckets::sweep);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Arc<Semaphore>>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A caller's place in the share of its address, which it holds or waits for.
struct Place<'a> {
    calls: &'a PortalCalls,
    network: IpAddr,
    share: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
}

impl<'a> Place<'a> {
    fn new(calls: &'a PortalCalls, network: IpAddr, max: NonZeroU32) -> Self {
        let mut under_way = calls.lock();
        let share = under_way
            .entry(network)
            .or_insert_with(|| Arc::new(Semaphore::new(max.get() as usize)));
        Self {
            calls,
            network,
            share: Arc::clone(share),
            permit: None,
        }
    }
}

/// The last place of an address takes the share with it.
impl Drop for Place<'_> {
    fn drop(&mut self) {
        // Gives its own clone of the share back as well.
        self.permit = None;
        let mut under_way = self.calls.lock();
        // One is in the map, and one is here. More come only under the lock.
        if Arc::strong_count(&self.share) == 2 {
            under_way.remove(&self.network);
        }
    }
}

#[cfg(test)]
mod tests {
    use panda_oidc_sdk::SystemClock;

    use super::*;

    fn calls() -> PortalCalls {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        PortalCalls::new(Rate(NonZeroU32::new(2)), Arc::default(), &clock)
    }

    #[tokio::test]
    async fn an_address_holds_no_more_than_its_share() {
        let calls = calls();
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let first = calls.permit(one).await.unwrap();
        let second = calls.permit(one).await.unwrap();
        let refused = calls.permit(one).await.err().unwrap();
        assert!(refused.should_log, "{refused}");
        assert!(!calls.permit(one).await.err().unwrap().should_log);
        let neighbour = calls.permit(other).await.unwrap();
        drop(first);
        let third = calls.permit(one).await.unwrap();
        drop((second, third, neighbour));
        assert!(calls.lock().is_empty(), "nothing is left of them");
    }

    #[tokio::test]
    async fn a_call_that_ends_soon_lets_the_next_one_through() {
        let calls = calls();
        let address = "2001:db8::1".parse().unwrap();
        let held = [
            calls.permit(address).await.unwrap(),
            calls.permit("2001:db8::2".parse().unwrap()).await.unwrap(),
        ];
        let free = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(held);
        };
        let (waited, ()) = tokio::join!(calls.permit(address), free);
        assert!(waited.is_ok());
    }
}
