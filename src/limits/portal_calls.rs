//! Limits how many calls to the portal one address has under way, so that a caller whose tickets the
//! portal never answers cannot hold all of them.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use panda_oidc_sdk::Clock;

use super::buckets::{Buckets, Exceeded, RateLimited};
use super::network::network;
use super::shares::{Held, Shares};
use crate::config::Rate;

/// How long a call waits for a place in the share of its address. A whole control room may share an
/// address, and a healthy portal answers within this time.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// How often a minute the refusals of one address are logged.
const LOG_LINES: Rate = Rate(Some(NonZeroU32::MIN));

/// The calls to the portal under way, by address.
pub struct PortalCalls {
    /// `None` without a limit. The number is for messages.
    shares: Option<(NonZeroU32, Arc<Shares>)>,
    exempt: Arc<[IpNet]>,
    log_lines: Option<Arc<Buckets<IpAddr>>>,
}

impl PortalCalls {
    /// With the calls of `previous` that are under way, unless the limit is another.
    pub(super) fn new(
        max: Rate,
        exempt: Arc<[IpNet]>,
        clock: &Arc<dyn Clock>,
        previous: Option<&Self>,
    ) -> Self {
        let shares = |max: NonZeroU32| {
            let kept = previous.and_then(|previous| previous.shares.clone());
            kept.filter(|(of, _)| *of == max)
                .unwrap_or_else(|| (max, Shares::new(max.get() as usize)))
        };
        Self {
            shares: max.0.map(shares),
            exempt,
            log_lines: Buckets::open(
                LOG_LINES,
                clock,
                previous.and_then(|it| it.log_lines.as_ref()),
            ),
        }
    }

    /// Waits a moment for a place in the share of `address`. Dropping it makes room for the next call;
    /// `None` if the calls of `address` are not limited.
    ///
    /// # Errors
    ///
    /// [`RateLimited`] when the calls of `address` stay under way.
    pub async fn permit(&self, address: IpAddr) -> Result<Option<Held>, RateLimited> {
        let exempt = self.exempt.iter().any(|network| network.contains(&address));
        let Some((max, shares)) = self.shares.as_ref().filter(|_| !exempt) else {
            return Ok(None);
        };
        let waited = tokio::time::timeout(MAX_WAIT, shares.of(address).wait()).await;
        match waited {
            Ok(place) => Ok(place),
            Err(_) => Err(self.refusal(address, *max)),
        }
    }

    fn refusal(&self, address: IpAddr, limit: NonZeroU32) -> RateLimited {
        let first =
            |lines: &Arc<Buckets<IpAddr>>| lines.requests.check_key(&network(address)).is_ok();
        RateLimited {
            caller: address.to_string(),
            limit,
            exceeded: Exceeded::PortalCalls,
            retry_after_secs: MAX_WAIT.as_secs(),
            should_log: self.log_lines.as_ref().is_some_and(first),
        }
    }

    pub(super) fn sweep(&self) {
        self.log_lines.iter().for_each(|lines| lines.sweep());
    }
}

#[cfg(test)]
mod tests {
    use panda_oidc_sdk::SystemClock;

    use super::*;

    fn calls() -> PortalCalls {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        PortalCalls::new(Rate(NonZeroU32::new(2)), Arc::default(), &clock, None)
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
        let (_, shares) = calls.shares.unwrap();
        assert!(shares.is_unused(), "nothing is left of them");
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
