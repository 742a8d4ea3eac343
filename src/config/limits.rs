//! `[limits]`: rate limits and connection limits.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use ipnet::IpNet;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use super::findings::Findings;

/// The limits section.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsSection {
    /// How many launches one IP address may request.
    pub launches_per_minute: Rate,
    /// How many launches there may be of one client.
    pub client_launches_per_minute: Rate,
    /// How many authorization requests there may be in one session.
    pub authorizations_per_minute: Rate,
    /// How many token requests one IP address may send.
    pub token_requests_per_minute: Rate,
    /// How many token requests one client may send.
    pub client_token_requests_per_minute: Rate,
    /// How many introspection requests one IP address may send.
    pub introspections_per_minute: Rate,
    /// How many introspection requests one client may send.
    pub client_introspections_per_minute: Rate,
    /// How many calls to the portal one IP address may have under way.
    pub portal_calls_per_address: Rate,
    /// The networks whose requests are not counted.
    #[serde(deserialize_with = "super::networks::deserialize")]
    pub exempt: Vec<IpNet>,
    /// How many connections may be open at once.
    pub connections: usize,
    /// How many of them one IP address may open. Trusted proxies may open all.
    pub connections_per_address: usize,
    /// How long a request may take to arrive.
    #[serde(with = "humantime_serde")]
    pub request_time: Duration,
}

impl Default for LimitsSection {
    fn default() -> Self {
        Self {
            launches_per_minute: Rate::per_minute(600),
            client_launches_per_minute: Rate::per_minute(6000),
            authorizations_per_minute: Rate::per_minute(300),
            token_requests_per_minute: Rate::per_minute(3000),
            client_token_requests_per_minute: Rate::per_minute(6000),
            introspections_per_minute: Rate::per_minute(60_000),
            client_introspections_per_minute: Rate::per_minute(60_000),
            portal_calls_per_address: Rate::per_minute(32),
            exempt: loopback(),
            connections: 4096,
            connections_per_address: 512,
            request_time: Duration::from_secs(20),
        }
    }
}

impl LimitsSection {
    pub(super) fn check(&self, findings: &mut Findings<'_>) {
        if !(8..=100_000).contains(&self.connections) {
            findings.add(
                "limits.connections",
                "it is not between 8 and 100000",
                "write something like 4096",
            );
        }
        if !(8..=100_000).contains(&self.connections_per_address) {
            findings.add(
                "limits.connections_per_address",
                "it is not between 8 and 100000",
                "write something like 512",
            );
        }
        // The least that can be configured is no contradiction.
        if self.connections_per_address > (self.connections / 2).max(8) {
            findings.warn(
                "limits.connections_per_address",
                format!(
                    "one address may open {} of {} connections, so that two addresses can take them all",
                    self.connections_per_address, self.connections
                ),
                "write an eighth of limits.connections; name proxies in server.trusted_proxies",
            );
        }
        if !(Duration::from_secs(1)..=Duration::from_mins(1)).contains(&self.request_time) {
            findings.add(
                "limits.request_time",
                "it is shorter than a second or longer than a minute",
                "write something like \"20s\"",
            );
        }
    }
}

/// Loopback addresses, which are exempt by default. A request from this machine comes from a proxy that
/// is not configured as trusted, so that all users share its address, or from a program of the
/// operator's.
fn loopback() -> Vec<IpNet> {
    let networks = ["127.0.0.0/8", "::1/128"];
    networks.iter().filter_map(|net| net.parse().ok()).collect()
}

/// A limit, or `"off"`. If it counts within a minute, the whole number may arrive in one burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(pub Option<NonZeroU32>);

/// The highest rate: more would not limit anything.
const MAX_RATE: u64 = 1_000_000;

impl Rate {
    const fn per_minute(limit: u32) -> Self {
        Self(NonZeroU32::new(limit))
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RateVisitor)
    }
}

struct RateVisitor;

impl Visitor<'_> for RateVisitor {
    type Value = Rate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number between 1 and {MAX_RATE}, or \"off\"")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Rate, E> {
        let rate = u32::try_from(number).ok().and_then(NonZeroU32::new);
        match rate.filter(|_| number <= MAX_RATE) {
            Some(rate) => Ok(Rate(Some(rate))),
            None => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Rate, E> {
        let invalid = || E::invalid_value(Unexpected::Signed(number), &self);
        u64::try_from(number)
            .map_err(|_| invalid())
            .and_then(|number| self.visit_u64(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Rate, E> {
        match text {
            "off" => Ok(Rate(None)),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}
