//! An authorization request that waits, in a sealed cookie, until its person has signed in.
//!
//! The cookie is the only copy: a flood of requests costs the server nothing (N60), and nobody but
//! the browser that asked can resume one (N16).

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::crypto::Sealer;

/// How long a request waits.
pub const REQUEST_TTL: TimeDelta = TimeDelta::minutes(10);

/// How many requests wait in one browser.
pub const MAX_PER_BROWSER: usize = 4;

/// A cookie that browsers keep, name and attributes aside: they drop those beyond 4096 bytes.
pub(super) const MAX_COOKIE_BYTES: usize = 3800;

/// A request that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingAuthorization {
    /// Its parameters as a query, without any ticket.
    #[serde(rename = "q")]
    pub request: String,
    /// Who asked.
    #[serde(rename = "c")]
    pub client_id: String,
    /// When it was asked first.
    #[serde(rename = "t", with = "chrono::serde::ts_milliseconds")]
    pub requested_at: DateTime<Utc>,
}

impl PendingAuthorization {
    /// Seals the request for the cookie called `name`; `None` when it is too large for a cookie.
    #[must_use]
    pub fn seal(&self, sealer: &Sealer, name: &str) -> Option<String> {
        let sealed = sealer.seal_text(self, name.as_bytes())?;
        (sealed.len() <= MAX_COOKIE_BYTES).then_some(sealed)
    }

    /// Opens what the cookie called `name` holds; `None` when it is not ours or has waited too long.
    #[must_use]
    pub fn open(sealed: &str, sealer: &Sealer, name: &str, now: DateTime<Utc>) -> Option<Self> {
        let parked: Self = sealer.open_text(sealed, name.as_bytes())?;
        (now - parked.requested_at <= REQUEST_TTL).then_some(parked)
    }
}

/// Which of the requests that wait, each with a name, a launch of `client_id` resumes: the newest of
/// that client, else the newest of all.
#[must_use]
pub fn choose<'a>(
    waiting: &'a [(String, PendingAuthorization)],
    client_id: Option<&str>,
) -> Option<&'a str> {
    let newest = |of_client: bool| {
        let candidates = waiting
            .iter()
            .filter(|(_, parked)| !of_client || Some(parked.client_id.as_str()) == client_id);
        candidates.max_by_key(|(_, parked)| parked.requested_at)
    };
    newest(true)
        .or_else(|| newest(false))
        .map(|(name, _)| name.as_str())
}

#[cfg(test)]
mod tests {
    use crate::crypto::{MasterKey, Purpose};
    use crate::login::pending_request::*;

    fn parked(client_id: &str, second: i64) -> PendingAuthorization {
        PendingAuthorization {
            request: "client_id=x&state=%2B".to_owned(),
            client_id: client_id.to_owned(),
            requested_at: DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap(),
        }
    }

    #[test]
    fn a_request_waits_ten_minutes_under_its_own_name() {
        let sealer = MasterKey::random(&mut rand::rng()).sealer(Purpose::ParkedRequests);
        let asked = parked("app", 0);
        let cookie = asked.seal(&sealer, "one").unwrap();
        assert!(!cookie.contains("state"));
        let open = |name: &str, later| {
            PendingAuthorization::open(&cookie, &sealer, name, asked.requested_at + later)
        };
        assert_eq!(open("one", REQUEST_TTL), Some(asked.clone()));
        assert_eq!(open("one", REQUEST_TTL + TimeDelta::seconds(1)), None);
        assert_eq!(open("two", TimeDelta::zero()), None);
    }

    #[test]
    fn what_no_cookie_can_hold_is_not_parked() {
        let sealer = MasterKey::random(&mut rand::rng()).sealer(Purpose::ParkedRequests);
        let large = PendingAuthorization {
            request: "x".repeat(4000),
            ..parked("app", 0)
        };
        assert_eq!(large.seal(&sealer, "one"), None);
    }

    #[test]
    fn f10_a_launch_resumes_its_own_client_first_and_any_other_else() {
        let waiting = [
            ("a".to_owned(), parked("grafana", 0)),
            ("b".to_owned(), parked("grafana", 1)),
            ("c".to_owned(), parked("keycloak", 2)),
        ];
        assert_eq!(choose(&waiting, Some("grafana")), Some("b"));
        assert_eq!(choose(&waiting, Some("gis")), Some("c"));
        assert_eq!(choose(&waiting, None), Some("c"));
        assert_eq!(choose(&[], Some("gis")), None);
    }
}
