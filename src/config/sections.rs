//! The small sections: server, session, store, keys.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use ipnet::IpNet;
use serde::Deserialize;

use super::findings::Findings;
use crate::login::policy::{Policy, TicketReplay};

/// `[server]`: where browsers and clients come in.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// The public listener.
    pub listen: SocketAddr,
    /// The networks whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether an issuer of plain http may be reached from beyond this machine.
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

/// `[session]`: how long a login lasts, and what a ticket is good for.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionSection {
    /// How long a session lives after the portal last proved the person.
    #[serde(with = "humantime_serde")]
    pub lifetime: Duration,
    /// Who may present a ticket again.
    pub ticket_replay: TicketReplay,
    /// How long the owner of a ticket is remembered after it was last presented: longer than a
    /// ticket can live in the portal.
    #[serde(with = "humantime_serde")]
    pub ticket_memory: Duration,
}

impl Default for SessionSection {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_hours(12),
            ticket_replay: TicketReplay::default(),
            ticket_memory: Duration::from_hours(7 * 24),
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

/// `[store]`: where sessions, grants and sealed keys are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSection {
    /// Which backend.
    pub kind: StoreKind,
    /// The database file of the kind `sqlite`.
    pub path: PathBuf,
}

impl Default for StoreSection {
    fn default() -> Self {
        Self {
            kind: StoreKind::default(),
            path: "data/panda-oidc.db".into(),
        }
    }
}

/// A store backend.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreKind {
    /// One file.
    #[default]
    Sqlite,
    /// Nothing outlives the process: for tests.
    Memory,
}

impl StoreSection {
    pub(super) fn check(&self, findings: &mut Findings<'_>) {
        if self.kind == StoreKind::Sqlite && self.path.as_os_str().is_empty() {
            findings.add(
                "store.path",
                "it is empty",
                "write the path of the database file",
            );
        }
    }
}

/// `[keys]`: what seals the signing keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeysSection {
    /// The file with the master key; made at the first start.
    pub master_key_file: PathBuf,
}

impl Default for KeysSection {
    fn default() -> Self {
        Self {
            master_key_file: "data/master.key".into(),
        }
    }
}
