//! `[directory]`: how the provider follows the portal's list of users.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::findings::Findings;
use crate::directory::RemovalLimit;
use crate::people::user_ids;

/// The directory section.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Directory {
    /// How often the list is read.
    pub sync: SyncInterval,
    /// How many users one page of the list has.
    pub page_size: u32,
    /// The longest list that is read.
    pub max_people: u32,
    /// The largest share of users that may be missing from one reading.
    pub max_removal: RemovalLimit,
    /// Subjects that are not on the list but must not be treated as leavers, such as technical accounts.
    #[serde(deserialize_with = "user_ids")]
    pub keep: Vec<String>,
    /// How long the name, the phone number and the history of a leaver are kept.
    #[serde(with = "humantime_serde")]
    pub retention: Duration,
}

impl Default for Directory {
    fn default() -> Self {
        Self {
            sync: SyncInterval::Every(Duration::from_mins(5)),
            page_size: 500,
            max_people: 200_000,
            max_removal: RemovalLimit(0.05),
            keep: Vec::new(),
            retention: Duration::from_hours(180 * 24),
        }
    }
}

impl Directory {
    pub(super) fn check(&self, findings: &mut Findings<'_>) {
        if !(1..=10_000).contains(&self.page_size) {
            findings.add(
                "directory.page_size",
                "it is not between 1 and 10000",
                "write something like 500",
            );
        }
        if !(1..=5_000_000).contains(&self.max_people) {
            findings.add(
                "directory.max_people",
                "it is not between 1 and 5000000",
                "write a number well above that of the portal's people, such as 200000",
            );
        }
        if matches!(self.sync, SyncInterval::Every(period) if period < Duration::from_secs(1)) {
            findings.add(
                "directory.sync",
                "it is shorter than a second",
                "write something like \"5m\", or \"off\"",
            );
        }
        if self.retention > Duration::from_hours(10 * 365 * 24) {
            findings.add(
                "directory.retention",
                "it is longer than ten years",
                "write something like \"180d\"",
            );
        }
    }
}

/// How often the list is read: `"5m"`, or `"off"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncInterval {
    /// Never.
    Off,
    /// At this interval.
    Every(Duration),
}

impl<'de> Deserialize<'de> for SyncInterval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "off" {
            return Ok(Self::Off);
        }
        let period = humantime_serde::re::humantime::parse_duration(&text);
        period
            .map(Self::Every)
            .map_err(|_| D::Error::custom("it takes a period such as \"5m\", or \"off\""))
    }
}
