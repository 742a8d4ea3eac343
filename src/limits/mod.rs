//! Rate limits: by IP address, by client, and by session.
//!
//! Every request counts against its address. A request counts against a client only after it has
//! proved something: client authentication at the token endpoint, a user's sign-in at a launch. So
//! an attacker cannot lock a client out by sending requests in its name; the address limit stops
//! the attacker. A public client proves nothing, so its token requests count against the address
//! alone.
//!
//! Buckets that are full again are dropped. Memory holds one bucket for each address seen within
//! the last minute, and a bounded number that wait for the next sweep.

mod buckets;
mod logout_calls;
mod network;
mod portal_calls;
mod request_shares;
mod session_limit;
mod shares;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use ipnet::IpNet;
use openidconnect::ClientId;
use panda_oidc_sdk::Clock;

use self::buckets::Buckets;
pub use self::buckets::RateLimited;
pub use self::logout_calls::{CallPermit, LogoutCalls, MAX_PER_CLIENT};
pub use self::network::network;
pub use self::portal_calls::PortalCalls;
pub use self::request_shares::{RequestShare, RequestShares};
pub use self::session_limit::SessionLimit;
pub use self::shares::{Held, Share, Shares};
use crate::config::{LimitsSection, Rate};
use crate::oauth::client::Client;

/// How many wrong tokens one address may send to the admin listener within a minute. The tokens
/// cannot be guessed; the limit keeps the log short.
const WRONG_TOKENS: Rate = Rate(NonZeroU32::new(60));

/// The rate limit of each endpoint.
pub struct Limits {
    /// Launches, and authorization requests that carry a ticket.
    pub launches: Limit,
    /// Authorization requests of browsers with a session. Each may store a code.
    pub authorizations: SessionLimit,
    /// Token requests and revocations.
    pub token_requests: Limit,
    /// Introspections: a resource server may introspect a token on each request it receives.
    pub introspections: Limit,
    /// Wrong tokens sent to the admin listener.
    pub wrong_tokens: Limit,
    /// What one address may occupy of the requests in flight.
    pub requests: Arc<RequestShares>,
    /// Calls to the portal under way.
    pub portal_calls: PortalCalls,
}

impl Limits {
    /// The limits that `section` configures.
    #[must_use]
    pub fn new(section: &LimitsSection, clock: &Arc<dyn Clock>) -> Self {
        Self::open(section, clock, None)
    }

    /// The limits that `section` configures now. What was counted by a limit that has not changed still
    /// counts; a limit that has changed begins anew. The shares of [`Self::requests`] stay as they are.
    #[must_use]
    pub fn reloaded(&self, section: &LimitsSection, clock: &Arc<dyn Clock>) -> Self {
        Self::open(section, clock, Some(self))
    }

    fn open(section: &LimitsSection, clock: &Arc<dyn Clock>, previous: Option<&Self>) -> Self {
        let exempt: Arc<[IpNet]> = section.exempt.clone().into();
        let limit = |addresses,
                     clients,
                     previous: Option<&Limit>,
                     counts_client: fn(&Client) -> bool| Limit {
            exempt: Arc::clone(&exempt),
            addresses: Buckets::open(
                addresses,
                clock,
                previous.and_then(|it| it.addresses.as_ref()),
            ),
            clients: Buckets::open(clients, clock, previous.and_then(|it| it.clients.as_ref())),
            counts_client,
        };
        Self {
            requests: previous.map_or_else(
                || Arc::new(RequestShares::new(section.connections_per_address)),
                |it| Arc::clone(&it.requests),
            ),
            portal_calls: PortalCalls::new(
                section.portal_calls_per_address,
                Arc::clone(&exempt),
                clock,
                previous.map(|it| &it.portal_calls),
            ),
            wrong_tokens: limit(
                WRONG_TOKENS,
                Rate(None),
                previous.map(|it| &it.wrong_tokens),
                |_| false,
            ),
            launches: limit(
                section.launches_per_minute,
                section.client_launches_per_minute,
                previous.map(|it| &it.launches),
                |_| true,
            ),
            authorizations: SessionLimit(Buckets::open(
                section.authorizations_per_minute,
                clock,
                previous.and_then(|it| it.authorizations.0.as_ref()),
            )),
            introspections: limit(
                section.introspections_per_minute,
                section.client_introspections_per_minute,
                previous.map(|it| &it.introspections),
                |client| !client.is_public(),
            ),
            token_requests: limit(
                section.token_requests_per_minute,
                section.client_token_requests_per_minute,
                previous.map(|it| &it.token_requests),
                |client| !client.is_public(),
            ),
        }
    }

    /// Drops the buckets of addresses and clients that have sent nothing for a while.
    pub fn sweep(&self) {
        self.portal_calls.sweep();
        for limit in [
            &self.launches,
            &self.token_requests,
            &self.introspections,
            &self.wrong_tokens,
        ] {
            limit.addresses.iter().for_each(|buckets| buckets.sweep());
            limit.clients.iter().for_each(|buckets| buckets.sweep());
        }
        self.authorizations
            .0
            .iter()
            .for_each(|buckets| buckets.sweep());
    }
}

/// The rate limit of one endpoint.
pub struct Limit {
    exempt: Arc<[IpNet]>,
    addresses: Option<Arc<Buckets<IpAddr>>>,
    clients: Option<Arc<Buckets<ClientId>>>,
    counts_client: fn(&Client) -> bool,
}

impl Limit {
    /// Counts a request from `address`.
    ///
    /// # Errors
    ///
    /// [`RateLimited`] when the address has used up its limit.
    pub fn check_address(&self, address: IpAddr) -> Result<(), RateLimited> {
        match &self.addresses {
            Some(buckets) if !self.is_exempt(address) => {
                buckets.check(&network(address), || address.to_string())
            }
            _ => Ok(()),
        }
    }

    /// Counts a request from `address` that has proved to be for `client`.
    ///
    /// # Errors
    ///
    /// [`RateLimited`] when the client has used up its limit.
    pub fn check_client(&self, client: &Client, address: IpAddr) -> Result<(), RateLimited> {
        match &self.clients {
            Some(buckets) if (self.counts_client)(client) && !self.is_exempt(address) => {
                buckets.check(&client.id, || format!("the client {}", client.id.as_str()))
            }
            _ => Ok(()),
        }
    }

    fn is_exempt(&self, address: IpAddr) -> bool {
        self.exempt.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use panda_oidc_sdk::ManualClock;

    use super::buckets::SWEEP_AFTER;
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

    fn launch(limits: &Limits, address: &str) -> Result<(), RateLimited> {
        limits.launches.check_address(address.parse().unwrap())
    }

    #[test]
    fn a_burst_is_allowed_and_then_requests_at_the_rate() {
        let clock = clock();
        let limits = limits(&clock, "launches_per_minute = 3");
        for _ in 0..3 {
            assert_eq!(launch(&limits, "192.0.2.1"), Ok(()));
        }
        let refused = launch(&limits, "192.0.2.1").unwrap_err();
        assert_eq!((refused.retry_after_secs, refused.should_log), (20, true));
        assert_eq!(
            refused.to_string(),
            "192.0.2.1 asks more than 3 times a minute"
        );
        assert!(
            !launch(&limits, "192.0.2.1").unwrap_err().should_log,
            "said once"
        );
        assert_eq!(launch(&limits, "192.0.2.2"), Ok(()), "the neighbour");
        clock.advance(TimeDelta::milliseconds(19_500));
        assert_eq!(
            launch(&limits, "192.0.2.1").unwrap_err().retry_after_secs,
            1
        );
        clock.advance(TimeDelta::milliseconds(500));
        assert_eq!(launch(&limits, "192.0.2.1"), Ok(()));
        assert!(launch(&limits, "192.0.2.1").is_err());
        clock.advance(TimeDelta::minutes(1));
        for _ in 0..3 {
            assert_eq!(launch(&limits, "192.0.2.1"), Ok(()));
        }
        assert!(
            launch(&limits, "192.0.2.1").unwrap_err().should_log,
            "a new burst"
        );
    }

    #[test]
    fn an_ipv6_64_network_counts_as_one_address() {
        let limits = limits(&clock(), "launches_per_minute = 1");
        assert_eq!(launch(&limits, "2001:db8:0:1::1"), Ok(()));
        assert!(launch(&limits, "2001:db8:0:1:ffff::2").is_err());
        assert_eq!(launch(&limits, "2001:db8:0:2::1"), Ok(()));
    }

    #[test]
    fn exempt_addresses_and_disabled_limits_are_not_counted() {
        let limits = limits(
            &clock(),
            "launches_per_minute = 1\ntoken_requests_per_minute = 'off'",
        );
        for _ in 0..10 {
            assert_eq!(launch(&limits, "127.0.0.1"), Ok(()));
            assert_eq!(launch(&limits, "::1"), Ok(()));
            let not_exempt = "192.0.2.1".parse().unwrap();
            assert_eq!(limits.token_requests.check_address(not_exempt), Ok(()));
        }
    }

    #[test]
    fn a_client_is_counted_across_its_addresses() {
        let limits = limits(&clock(), "client_token_requests_per_minute = 2");
        let (app, other) = (confidential("app", "s"), confidential("other", "s"));
        let token_request = |client: &Client, from: &str| {
            limits
                .token_requests
                .check_client(client, from.parse().unwrap())
        };
        assert_eq!(token_request(&app, "192.0.2.1"), Ok(()));
        assert_eq!(token_request(&app, "192.0.2.2"), Ok(()));
        let refused = token_request(&app, "192.0.2.3").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the client app asks more than 2 times a minute"
        );
        assert_eq!(token_request(&other, "192.0.2.1"), Ok(()));
        assert_eq!(
            token_request(&app, "127.0.0.1"),
            Ok(()),
            "not counted from here"
        );
        for _ in 0..5 {
            assert_eq!(
                token_request(&public("page"), "192.0.2.1"),
                Ok(()),
                "proves nothing"
            );
        }
    }

    #[test]
    fn n60_idle_addresses_are_forgotten() {
        let clock = clock();
        let limits = limits(&clock, "launches_per_minute = 600");
        let buckets = limits.launches.addresses.as_ref().unwrap();
        for number in 0..u32::try_from(2 * SWEEP_AFTER).unwrap() {
            let address = std::net::Ipv4Addr::from_bits(0x0a00_0000 + number);
            assert_eq!(limits.launches.check_address(address.into()), Ok(()));
            // A thousand requests in each tenth of a second. A bucket is full again a tenth of a
            // second after its one request.
            if number % 1000 == 0 {
                clock.advance(TimeDelta::milliseconds(100));
            }
        }
        let kept = buckets.requests.len();
        assert!(kept <= SWEEP_AFTER + 2000, "swept on the way: {kept}");
        clock.advance(TimeDelta::minutes(1));
        limits.sweep();
        assert_eq!(buckets.requests.len(), 0);
    }
}
