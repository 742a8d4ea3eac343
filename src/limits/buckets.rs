//! Token buckets: how many requests a caller may send, and the refusal of further ones.

use std::fmt;
use std::hash::{Hash, RandomState};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use panda_oidc_sdk::Clock;

use crate::config::Rate;

/// After this many requests the buckets are swept, unless the job has swept them in the meantime.
pub(super) const SWEEP_AFTER: usize = 1 << 16;

/// An address, a client or a session has exceeded its rate limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimited {
    pub(super) caller: String,
    pub(super) limit: NonZeroU32,
    pub(super) exceeded: Exceeded,
    /// The seconds to wait before the next request.
    pub retry_after_secs: u64,
    /// Whether this is the caller's first refusal within a minute, and so worth a log line.
    pub should_log: bool,
}

/// What a caller does too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exceeded {
    /// Requests within a minute.
    Requests,
    /// Calls to the portal at once.
    PortalCalls,
}

impl fmt::Display for RateLimited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (caller, limit) = (&self.caller, self.limit);
        match self.exceeded {
            Exceeded::Requests => write!(f, "{caller} asks more than {limit} times a minute"),
            Exceeded::PortalCalls => write!(
                f,
                "{caller} has {limit} logins under way that the portal does not answer, the most for \
                 one address; if many people share it, raise limits.portal_calls_per_address"
            ),
        }
    }
}

impl std::error::Error for RateLimited {}

pub(super) type Keyed<K> =
    RateLimiter<K, DashMapStateStore<K, RandomState>, Ticks, NoOpMiddleware<Nanos>>;

/// A token bucket for each key.
pub(super) struct Buckets<K: Hash + Eq + Clone> {
    pub(super) requests: Keyed<K>,
    log_lines: Keyed<K>,
    limit: NonZeroU32,
    requests_since_sweep: AtomicUsize,
    clock: Ticks,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    /// The buckets of `rate`. Those of `previous` are kept if they have the same limit.
    pub(super) fn open(
        rate: Rate,
        clock: &Arc<dyn Clock>,
        previous: Option<&Arc<Self>>,
    ) -> Option<Arc<Self>> {
        let limit = rate.0?;
        match previous {
            Some(previous) if previous.limit == limit => Some(Arc::clone(previous)),
            _ => Some(Arc::new(Self::new(limit, clock))),
        }
    }

    fn new(limit: NonZeroU32, clock: &Arc<dyn Clock>) -> Self {
        let clock = Ticks(Arc::clone(clock));
        let keyed = |limit| {
            let quota = Quota::per_minute(limit);
            RateLimiter::new(quota, DashMapStateStore::default(), clock.clone())
        };
        Self {
            requests: keyed(limit),
            log_lines: keyed(NonZeroU32::MIN),
            limit,
            requests_since_sweep: AtomicUsize::new(0),
            clock,
        }
    }

    pub(super) fn check(
        &self,
        key: &K,
        caller: impl FnOnce() -> String,
    ) -> Result<(), RateLimited> {
        if self.requests_since_sweep.fetch_add(1, Ordering::Relaxed) == SWEEP_AFTER {
            self.sweep();
        }
        let Err(refused) = self.requests.check_key(key) else {
            return Ok(());
        };
        let wait = refused.wait_time_from(governor::clock::Clock::now(&self.clock));
        Err(RateLimited {
            caller: caller(),
            limit: self.limit,
            exceeded: Exceeded::Requests,
            retry_after_secs: wait
                .as_millis()
                .div_ceil(1000)
                .max(1)
                .try_into()
                .unwrap_or(60),
            should_log: self.log_lines.check_key(key).is_ok(),
        })
    }

    pub(super) fn sweep(&self) {
        self.requests_since_sweep.store(0, Ordering::Relaxed);
        for buckets in [&self.requests, &self.log_lines] {
            buckets.retain_recent();
            buckets.shrink_to_fit();
        }
    }
}

/// Adapts our clock to the rate limiter.
#[derive(Clone)]
pub(super) struct Ticks(Arc<dyn Clock>);

impl governor::clock::Clock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }
}
