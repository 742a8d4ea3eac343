//! A launch that failed at a URL with a ticket. The page about it is shown at another URL, which knows the
//! reason, and a cookie keeps the launch, so that the user can try again.
//!
//! Both are sealed: nobody else can make a page of ours claim something, and the ticket is in no URL.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::crypto::Sealer;
use crate::past::is_within;

/// How long the page knows the reason, and how long the launch can be repeated.
pub const RETRY_TTL: TimeDelta = TimeDelta::minutes(10);

/// The largest cookie. Other cookies wait in the browser as well, and proxies refuse a request with too many
/// bytes of them.
const MAX_RETRY_BYTES: usize = 1500;

const REASON: &[u8] = b"failed launch";
const RETRY: &[u8] = b"launch to repeat";

/// Why the launch failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No ticket can be read from the URL. Holds the detail for a developer.
    InvalidTicket(String),
    /// The launch leads to no page. Holds the detail for a developer.
    NoTarget(String),
    /// The URL is too long.
    TooLarge,
    /// The ticket belongs to another browser or was used up.
    TicketRefused,
    /// The user has left.
    AccountDisabled,
    /// The portal rejected the ticket.
    TicketRejected,
    /// The portal did not answer.
    PortalUnreachable,
    /// The portal's answer made no sense.
    PortalUnintelligible,
    /// There were too many launches. Holds the seconds to wait.
    RateLimited(u64),
    /// The store failed.
    Unavailable,
    /// The request could not be finished.
    Internal,
}

impl Reason {
    /// Whether the same launch may succeed later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::InvalidTicket(_)
            | Self::NoTarget(_)
            | Self::TooLarge
            | Self::TicketRefused
            | Self::AccountDisabled
            | Self::TicketRejected => false,
            Self::PortalUnreachable
            | Self::PortalUnintelligible
            | Self::RateLimited(_)
            | Self::Unavailable
            | Self::Internal => true,
        }
    }
}

/// What the page about a failed launch knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedLaunch {
    /// Why it failed.
    pub reason: Reason,
    /// The number of its line in the log.
    pub request_id: Option<String>,
    /// When it failed.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub failed_at: DateTime<Utc>,
}

impl FailedLaunch {
    /// Seals it for the URL of the page.
    #[must_use]
    pub fn seal(&self, sealer: &Sealer) -> Option<String> {
        sealer.seal_text(self, REASON)
    }

    /// Opens it; `None` when the seal is not ours or the time is over.
    #[must_use]
    pub fn open(sealed: &str, sealer: &Sealer, now: DateTime<Utc>) -> Option<Self> {
        let failed: Self = sealer.open_text(sealed, REASON)?;
        is_within(RETRY_TTL, failed.failed_at, now).then_some(failed)
    }
}

/// A launch that can be repeated. It holds a ticket, so there is no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchRetry {
    /// The path below the issuer.
    pub path: String,
    /// The raw query, with the ticket.
    pub query: String,
    /// When it first failed.
    #[serde(with = "chrono::serde::ts_milliseconds")]
    pub failed_at: DateTime<Utc>,
}

impl LaunchRetry {
    /// Seals the launch for its cookie; `None` when it is too large for a cookie.
    #[must_use]
    pub fn seal(&self, sealer: &Sealer) -> Option<String> {
        let sealed = sealer.seal_text(self, RETRY)?;
        (sealed.len() <= MAX_RETRY_BYTES).then_some(sealed)
    }

    /// Opens the cookie; `None` when the seal is not ours or the time is over.
    #[must_use]
    pub fn open(sealed: &str, sealer: &Sealer, now: DateTime<Utc>) -> Option<Self> {
        let retry: Self = sealer.open_text(sealed, RETRY)?;
        is_within(RETRY_TTL, retry.failed_at, now).then_some(retry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{MasterKey, Purpose};

    #[test]
    fn a_launch_can_be_repeated_for_ten_minutes_and_hides_its_ticket() {
        let sealer = MasterKey::random(&mut rand::rng()).sealer(Purpose::FailedLaunches);
        let failed_at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let retry = LaunchRetry {
            path: "/launch/grafana".to_owned(),
            query: "ticket=secret-ticket-1".to_owned(),
            failed_at,
        };
        let cookie = retry.seal(&sealer).unwrap();
        assert!(!cookie.contains("secret-ticket-1"));
        let open = |later| LaunchRetry::open(&cookie, &sealer, failed_at + later);
        assert!(open(RETRY_TTL) == Some(retry.clone()));
        assert!(open(RETRY_TTL + TimeDelta::seconds(1)).is_none());
        let failed = FailedLaunch {
            reason: Reason::PortalUnreachable,
            request_id: None,
            failed_at,
        };
        let sealed = failed.seal(&sealer).unwrap();
        let open = |later| FailedLaunch::open(&sealed, &sealer, failed_at + later);
        assert_eq!(open(RETRY_TTL), Some(failed.clone()));
        assert_eq!(open(RETRY_TTL + TimeDelta::seconds(1)), None);
        assert!(LaunchRetry::open(&sealed, &sealer, failed_at).is_none());
    }
}
