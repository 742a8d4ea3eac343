//! The small sections: `[server]`, `[session]` and `[keys]`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use ipnet::IpNet;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::findings::Findings;
use crate::keys::schedule::RotationPolicy;
use crate::login::policy::{ConfirmSwitch, Policy, TicketReplay};

/// `[server]`: the public listener for browsers and clients.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// The public listener.
    pub listen: SocketAddr,
    /// The networks whose `X-Forwarded-For` is trusted.
    #[serde(deserialize_with = "super::networks::deserialize")]
    pub trusted_proxies: Vec<IpNet>,
    /// Whether plain http is allowed beyond this machine.
    pub allow_insecure_http: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9400)),
            trusted_proxies: Vec::new(),
            allow_insecure_http: false,
        }
    }
}

impl Server {
    pub(super) fn check(&self, findings: &mut Findings<'_>) {
        for network in self.trusted_proxies.iter().filter(|it| is_wide(it)) {
            findings.warn(
                "server.trusted_proxies",
                format!(
                    "{network} has many addresses that are no proxy of yours; a client at one can write any \
                     address into X-Forwarded-For, and so evade limits and mislead the log"
                ),
                "list the addresses of your proxies",
            );
        }
    }
}

/// Whether a network holds more public addresses than an organization's proxies have.
fn is_wide(network: &IpNet) -> bool {
    match network {
        IpNet::V4(network) => {
            let (first, last) = (network.network(), network.broadcast());
            let is_internal = |it: Ipv4Addr| {
                let shared = it.octets()[0] == 100 && it.octets()[1] & 0xc0 == 64;
                it.is_private() || it.is_loopback() || it.is_link_local() || shared
            };
            network.prefix_len() < 16 && !(is_internal(first) && is_internal(last))
        }
        IpNet::V6(network) => {
            let first = network.network();
            let is_internal = first.is_unique_local() || first.is_unicast_link_local();
            network.prefix_len() < 32 && !(is_internal && network.prefix_len() >= 7)
        }
    }
}

/// `[session]`: how long a session lasts, and who may present a ticket again.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionSection {
    /// How long a session lasts after the portal last verified the user.
    #[serde(with = "humantime_serde")]
    pub lifetime: Duration,
    /// Who may present a ticket again.
    pub ticket_replay: TicketReplay,
    /// How long the owner of a ticket is remembered after the ticket was last presented. It must be
    /// longer than the portal can keep a ticket alive.
    #[serde(with = "humantime_serde")]
    pub ticket_memory: Duration,
    /// When a ticket of another user needs a confirmation.
    pub confirm_account_switch: ConfirmSwitch,
}

impl Default for SessionSection {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_hours(12),
            ticket_replay: TicketReplay::default(),
            ticket_memory: Duration::from_hours(7 * 24),
            confirm_account_switch: ConfirmSwitch::default(),
        }
    }
}

impl From<&SessionSection> for Policy {
    fn from(section: &SessionSection) -> Self {
        let delta = |duration| TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
        Self {
            lifetime: delta(section.lifetime),
            ticket_memory: delta(section.ticket_memory),
            replay: section.ticket_replay,
            confirm_switch: section.confirm_account_switch,
        }
    }
}

impl SessionSection {
    pub(super) fn check(&self, findings: &mut Findings<'_>) {
        if self.lifetime < Duration::from_mins(1) || self.lifetime > Duration::from_hours(30 * 24) {
            findings.add(
                "session.lifetime",
                "it is shorter than a minute or longer than 30 days",
                "write something like \"12h\"",
            );
        }
        if self.ticket_memory < self.lifetime || self.ticket_memory > Duration::from_hours(400 * 24)
        {
            findings.add(
                "session.ticket_memory",
                "it is shorter than session.lifetime or longer than 400 days",
                "write something like \"7d\"",
            );
        }
    }
}

/// `[keys]`: the master key that seals the signing keys, and how these are rotated.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeysSection {
    /// The file with the master key. It is created at the first start.
    #[serde(deserialize_with = "super::paths::deserialize")]
    pub master_key_file: PathBuf,
    /// How long the next signing key is in the JWKS before it signs.
    #[serde(with = "humantime_serde")]
    pub publish_ahead: Duration,
    /// How long a signing key signs.
    pub rotate_every: RotationInterval,
}

impl Default for KeysSection {
    fn default() -> Self {
        Self {
            master_key_file: "data/master.key".into(),
            publish_ahead: Duration::from_hours(24),
            rotate_every: RotationInterval::Every(Duration::from_hours(90 * 24)),
        }
    }
}

/// How long a signing key signs: `"90d"`, or `"off"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationInterval {
    /// Until `panda-oidc keys rotate`.
    Off,
    /// This long.
    Every(Duration),
}

impl<'de> Deserialize<'de> for RotationInterval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "off" {
            return Ok(Self::Off);
        }
        let period = humantime_serde::re::humantime::parse_duration(&text);
        period
            .map(Self::Every)
            .map_err(|_| D::Error::custom("it takes a period such as \"90d\", or \"off\""))
    }
}

impl From<&KeysSection> for RotationPolicy {
    fn from(section: &KeysSection) -> Self {
        let delta = |duration| TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
        Self {
            publish_ahead: delta(section.publish_ahead),
            rotate_every: match section.rotate_every {
                RotationInterval::Off => None,
                RotationInterval::Every(period) => Some(delta(period)),
            },
        }
    }
}

impl KeysSection {
    pub(super) fn check(&self, findings: &mut Findings<'_>) {
        let hours = Duration::from_hours;
        if self.publish_ahead < hours(1) || self.publish_ahead > hours(30 * 24) {
            findings.add(
                "keys.publish_ahead",
                "it is shorter than an hour, for which Grafana keeps the keys it has fetched, or longer than 30 days",
                "write something like \"24h\"; in an emergency, run `panda-oidc keys rotate --now`",
            );
        }
        let RotationInterval::Every(period) = self.rotate_every else {
            return;
        };
        if period < hours(24) || period < 2 * self.publish_ahead || period > hours(10 * 365 * 24) {
            findings.add(
                "keys.rotate_every",
                "it is shorter than a day or than twice keys.publish_ahead, or longer than ten years",
                "write something like \"90d\", or \"off\"",
            );
        }
    }
}
