//! How often anybody may ask: counted by address, and by client.
//!
//! An address is counted by whatever it sends. A client is counted only by requests that have proved
//! something: the client's secret at the token endpoint, somebody signed in at a launch. So nobody
//! locks a client out by calling in its name; whoever tries is stopped by address. A public client
//! proves nothing, and its token requests are counted by address alone.
//!
//! Buckets that have filled up again are forgotten: there are as many as addresses that have asked
//! within the last minute, and a bounded number that wait to be swept.

mod logout_calls;

use std::fmt;
use std::hash::{Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use ipnet::IpNet;
use openidconnect::ClientId;
use panda_oidc_sdk::Clock;

pub use self::logout_calls::{CallPermit, LogoutCalls, MAX_PER_CLIENT};
use crate::config::{LimitsSection, Rate};
use crate::oauth::client::Client;

/// After how many requests the buckets are swept, if nobody has done so before.
const SWEEP_AFTER: usize = 1 << 16;

/// How many wrong tokens one address may send to the admin listener within a minute. Nobody guesses
/// one; this is for the log.
const WRONG_TOKENS: Rate = Rate(NonZeroU32::new(60));

/// What each endpoint allows.
pub struct Limits {
    /// Launches, and authorization requests that bring a ticket.
    pub launches: Limit,
    /// Token requests, and revocations.
    pub token_requests: Limit,
    /// Introspections: a resource server may ask about each request of its own.
    pub introspections: Limit,
    /// Tokens for the admin listener that are none.
    pub wrong_tokens: Limit,
}

impl Limits {
    /// The limits of `section`.
    #[must_use]
    pub fn new(section: &LimitsSection, clock: &Arc<dyn Clock>) -> Self {
        let exempt: Arc<[IpNet]> = section.exempt.clone().into();
        Self {
            wrong_tokens: Limit {
                exempt: Arc::clone(&exempt),
                addresses: Buckets::new(WRONG_TOKENS, clock),
                clients: None,
                counted: |_| false,
            },
            launches: Limit {
                exempt: Arc::clone(&exempt),
                addresses: Buckets::new(section.launches_per_minute, clock),
                clients: Buckets::new(section.client_launches_per_minute, clock),
                counted: |_| true,
            },
            introspections: Limit {
                exempt: Arc::clone(&exempt),
                addresses: Buckets::new(section.introspections_per_minute, clock),
                clients: Buckets::new(section.client_introspections_per_minute, clock),
                counted: |client| !client.is_public(),
            },
            token_requests: Limit {
                exempt,
                addresses: Buckets::new(section.token_requests_per_minute, clock),
                clients: Buckets::new(section.client_token_requests_per_minute, clock),
                counted: |client| !client.is_public(),
            },
        }
    }

    /// Forgets whoever has not asked for a while.
    pub fn sweep(&self) {
        for limit in [
            &self.launches,
            &self.token_requests,
            &self.introspections,
            &self.wrong_tokens,
        ] {
            limit.addresses.iter().for_each(Buckets::sweep);
            limit.clients.iter().for_each(Buckets::sweep);
        }
    }
}

/// How often an endpoint may be asked.
pub struct Limit {
    exempt: Arc<[IpNet]>,
    addresses: Option<Buckets<IpAddr>>,
    clients: Option<Buckets<ClientId>>,
    counted: fn(&Client) -> bool,
}

impl Limit {
    /// Counts a request from `address`.
    ///
    /// # Errors
    ///
    /// [`TooOften`] when it has asked too often.
    pub fn address(&self, address: IpAddr) -> Result<(), TooOften> {
        match &self.addresses {
            Some(buckets) if !self.is_exempt(address) => {
                buckets.take(&network(address), || address.to_string())
            }
            _ => Ok(()),
        }
    }

    /// Counts a request from `address` that has proved to be for `client`.
    ///
    /// # Errors
    ///
    /// [`TooOften`] when the client has asked too often.
    pub fn client(&self, client: &Client, address: IpAddr) -> Result<(), TooOften> {
        match &self.clients {
            Some(buckets) if (self.counted)(client) && !self.is_exempt(address) => {
                buckets.take(&client.id, || format!("the client {}", client.id.as_str()))
            }
            _ => Ok(()),
        }
    }

    fn is_exempt(&self, address: IpAddr) -> bool {
        self.exempt.iter().any(|network| network.contains(&address))
    }
}

/// What is counted as one: an IPv4 address, or the /64 that one subscriber has of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let prefix = address.to_bits() & (u128::MAX << 64);
            Ipv6Addr::from_bits(prefix).into()
        }
    }
}

/// Somebody asks too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooOften {
    who: String,
    most: NonZeroU32,
    /// How long to wait, in whole seconds.
    pub wait: u64,
    /// Whether it is the first refusal in a while, and worth a line in the log.
    pub first: bool,
}

impl fmt::Display for TooOften {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} asks more than {} times a minute",
            self.who, self.most
        )
    }
}

impl std::error::Error for TooOften {}

type Keyed<K> = RateLimiter<K, DashMapStateStore<K, RandomState>, Ticks, NoOpMiddleware<Nanos>>;

/// A bucket of tokens for each key.
struct Buckets<K: Hash + Eq + Clone> {
    tokens: Keyed<K>,
    lines: Keyed<K>,
    most: NonZeroU32,
    asked: AtomicUsize,
    clock: Ticks,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    fn new(rate: Rate, clock: &Arc<dyn Clock>) -> Option<Self> {
        let most = rate.0?;
        let clock = Ticks(Arc::clone(clock));
        let keyed = |most| {
            let quota = Quota::per_minute(most);
            RateLimiter::new(quota, DashMapStateStore::default(), clock.clone())
        };
        Some(Self {
            tokens: keyed(most),
            lines: keyed(NonZeroU32::MIN),
            most,
            asked: AtomicUsize::new(0),
            clock,
        })
    }

    fn take(&self, key: &K, who: impl FnOnce() -> String) -> Result<(), TooOften> {
        if self.asked.fetch_add(1, Ordering::Relaxed) == SWEEP_AFTER {
            self.sweep();
        }
        let Err(refused) = self.tokens.check_key(key) else {
            return Ok(());
        };
        let wait = refused.wait_time_from(governor::clock::Clock::now(&self.clock));
        Err(TooOften {
            who: who(),
            most: self.most,
            wait: wait
                .as_millis()
                .div_ceil(1000)
                .max(1)
                .try_into()
                .unwrap_or(60),
            first: self.lines.check_key(key).is_ok(),
        })
    }

    fn sweep(&self) {
        self.asked.store(0, Ordering::Relaxed);
        for buckets in [&self.tokens, &self.lines] {
            buckets.retain_recent();
            buckets.shrink_to_fit();
        }
    }
}

/// Our clock, as the rate limiter reads it.
#[derive(Clone)]
struct Ticks(Arc<dyn Clock>);

impl governor::clock::Clock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use panda_oidc_sdk::ManualClock;

    use super::*;
    use crate::oauth::client::tests::{confidential, public};

    fn limits(clock: &Arc<ManualClock>, toml: &str) -> Limits {
        use figment::providers::{Format as _, Toml};
        let section = figment::Figment::from(Toml::string(toml))
            .extract()
            .unwrap();
        let clock: Arc<dyn Clock> = clock.clone();
        Limits::new(&section, &clock)
    }

    fn clock() -> Arc<ManualClock> {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        Arc::new(ManualClock::at(now))
    }

    fn ask(limits: &Limits, address: &str) -> Result<(), TooOften> {
        limits.launches.address(address.parse().unwrap())
    }

    #[test]
    fn so_many_at_once_and_then_one_by_one() {
        let clock = clock();
        let limits = limits(&clock, "launches_per_minute = 3");
        for _ in 0..3 {
            assert_eq!(ask(&limits, "192.0.2.1"), Ok(()));
        }
        let refused = ask(&limits, "192.0.2.1").unwrap_err();
        assert_eq!((refused.wait, refused.first), (20, true));
        assert_eq!(
            refused.to_string(),
            "192.0.2.1 asks more than 3 times a minute"
        );
        assert!(!ask(&limits, "192.0.2.1").unwrap_err().first, "said once");
        assert_eq!(ask(&limits, "192.0.2.2"), Ok(()), "the neighbour");
        clock.advance(TimeDelta::milliseconds(19_500));
        assert_eq!(ask(&limits, "192.0.2.1").unwrap_err().wait, 1);
        clock.advance(TimeDelta::milliseconds(500));
        assert_eq!(ask(&limits, "192.0.2.1"), Ok(()));
        assert!(ask(&limits, "192.0.2.1").is_err());
        clock.advance(TimeDelta::minutes(1));
        for _ in 0..3 {
            assert_eq!(ask(&limits, "192.0.2.1"), Ok(()));
        }
        assert!(ask(&limits, "192.0.2.1").unwrap_err().first, "a new burst");
    }

    #[test]
    fn an_ipv6_subscriber_is_one() {
        let limits = limits(&clock(), "launches_per_minute = 1");
        assert_eq!(ask(&limits, "2001:db8:0:1::1"), Ok(()));
        assert!(ask(&limits, "2001:db8:0:1:ffff::2").is_err());
        assert_eq!(ask(&limits, "2001:db8:0:2::1"), Ok(()));
    }

    #[test]
    fn this_machine_and_what_is_off_are_not_counted() {
        let limits = limits(
            &clock(),
            "launches_per_minute = 1\ntoken_requests_per_minute = 'off'",
        );
        for _ in 0..10 {
            assert_eq!(ask(&limits, "127.0.0.1"), Ok(()));
            assert_eq!(ask(&limits, "::1"), Ok(()));
            let elsewhere = "192.0.2.1".parse().unwrap();
            assert_eq!(limits.token_requests.address(elsewhere), Ok(()));
        }
    }

    #[test]
    fn a_client_is_counted_wherever_it_asks_from() {
        let limits = limits(&clock(), "client_token_requests_per_minute = 2");
        let (app, other) = (confidential("app", "s"), confidential("other", "s"));
        let asks = |client: &Client, from: &str| {
            limits.token_requests.client(client, from.parse().unwrap())
        };
        assert_eq!(asks(&app, "192.0.2.1"), Ok(()));
        assert_eq!(asks(&app, "192.0.2.2"), Ok(()));
        let refused = asks(&app, "192.0.2.3").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the client app asks more than 2 times a minute"
        );
        assert_eq!(asks(&other, "192.0.2.1"), Ok(()));
        assert_eq!(asks(&app, "127.0.0.1"), Ok(()), "not counted from here");
        for _ in 0..5 {
            assert_eq!(asks(&public("page"), "192.0.2.1"), Ok(()), "proves nothing");
        }
    }

    #[test]
    fn n60_who_does_not_come_again_is_forgotten() {
        let clock = clock();
        let limits = limits(&clock, "launches_per_minute = 600");
        let buckets = limits.launches.addresses.as_ref().unwrap();
        for number in 0..u32::try_from(2 * SWEEP_AFTER).unwrap() {
            let address = std::net::Ipv4Addr::from_bits(0x0a00_0000 + number);
            assert_eq!(limits.launches.address(address.into()), Ok(()));
            // A thousand an instant of a tenth of a second, after which one request is forgotten.
            if number % 1000 == 0 {
                clock.advance(TimeDelta::milliseconds(100));
            }
        }
        let kept = buckets.tokens.len();
        assert!(kept <= SWEEP_AFTER + 2000, "swept on the way: {kept}");
        clock.advance(TimeDelta::minutes(1));
        limits.sweep();
        assert_eq!(buckets.tokens.len(), 0);
    }
}
