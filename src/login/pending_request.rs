//! A pending authorization request: it waits in a sealed cookie until the user has signed in.
//!
//! The cookie is the only copy. So a flood of requests costs the server nothing (N60,
//! docs/security.md), and only the browser that sent a request can resume it (N16).

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::crypto::Sealer;
use crate::past::is_within;
use crate::session::Session;

/// How long a request can be resumed.
pub const REQUEST_TTL: TimeDelta = TimeDelta::minutes(10);

/// How many requests can be pending in one browser.
pub const MAX_PER_BROWSER: usize = 4;

/// The largest cookie value. Browsers drop a cookie of more than 4096 bytes, and its name and
/// attributes count too.
pub(super) const MAX_COOKIE_BYTES: usize = 3800;

/// A pending authorization request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingAuthorization {
    /// Its parameters as a query string, without any ticket.
    #[serde(rename = "q")]
    pub request: String,
    /// The client.
    #[serde(rename = "c")]
    pub client_id: String,
    /// When the request first arrived.
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

    /// Opens the cookie called `name`; `None` when the seal is not ours or the request has expired.
    #[must_use]
    pub fn open(sealed: &str, sealer: &Sealer, name: &str, now: DateTime<Utc>) -> Option<Self> {
        let pending: Self = sealer.open_text(sealed, name.as_bytes())?;
        is_within(REQUEST_TTL, pending.requested_at, now).then_some(pending)
    }

    /// Whether the request was made after the user of `session` last signed in. Then it may demand a
    /// newer sign-in.
    #[must_use]
    pub fn is_newer_than(&self, session: &Session) -> bool {
        self.requested_at > session.auth_time
    }
}

/// The pending request that a launch of `client_id` resumes, with its name: the newest of that
/// client, else the newest of all.
#[must_use]
pub fn choose<'a>(
    pending: &'a [(String, PendingAuthorization)],
    client_id: Option<&str>,
) -> Option<&'a (String, PendingAuthorization)> {
    let newest = |same_client: bool| {
        let candidates = pending
            .iter()
            .filter(|(_, request)| !same_client || Some(request.client_id.as_str()) == client_id);
        candidates.max_by_key(|(_, request)| request.requested_at)
    };
    newest(true).or_else(|| newest(false))
}

#[cfg(test)]
mod tests {
    use crate::crypto::{MasterKey, Purpose};
    use crate::login::pending_request::*;
    use crate::session::tests::session;

    fn pending(client_id: &str, second: i64) -> PendingAuthorization {
        PendingAuthorization {
            request: "client_id=x&state=%2B".to_owned(),
            client_id: client_id.to_owned(),
            requested_at: DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap(),
        }
    }

    #[test]
    fn a_pending_request_expires_after_ten_minutes_and_opens_only_under_its_own_name() {
        let sealer = MasterKey::random(&mut rand::rng()).sealer(Purpose::PendingRequests);
        let request = pending("app", 0);
        let cookie = request.seal(&sealer, "one").unwrap();
        assert!(!cookie.contains("state"));
        let open = |name: &str, later| {
            PendingAuthorization::open(&cookie, &sealer, name, request.requested_at + later)
        };
        assert_eq!(open("one", REQUEST_TTL), Some(request.clone()));
        assert_eq!(open("one", REQUEST_TTL + TimeDelta::seconds(1)), None);
        assert_eq!(open("two", TimeDelta::zero()), None);
    }

    #[test]
    fn a_request_that_is_too_large_for_a_cookie_is_not_sealed() {
        let sealer = MasterKey::random(&mut rand::rng()).sealer(Purpose::PendingRequests);
        let large = PendingAuthorization {
            request: "x".repeat(4000),
            ..pending("app", 0)
        };
        assert_eq!(large.seal(&sealer, "one"), None);
    }

    #[test]
    fn f10_a_launch_resumes_a_request_of_its_client_first_and_any_other_otherwise() {
        let requests = [
            ("a".to_owned(), pending("grafana", 0)),
            ("b".to_owned(), pending("grafana", 1)),
            ("c".to_owned(), pending("keycloak", 2)),
        ];
        let chosen = |client_id| choose(&requests, client_id).map(|(name, _)| name.as_str());
        assert_eq!(chosen(Some("grafana")), Some("b"));
        assert_eq!(chosen(Some("gis")), Some("c"));
        assert_eq!(chosen(None), Some("c"));
        assert_eq!(choose(&[], Some("gis")), None);
    }

    #[test]
    fn a_request_is_newer_than_a_sign_in_only_if_it_came_after_it() {
        let session = session("1");
        for (millis, newer) in [(-1, false), (0, false), (1, true)] {
            let request = PendingAuthorization {
                requested_at: session.auth_time + TimeDelta::milliseconds(millis),
                ..pending("app", 0)
            };
            assert_eq!(request.is_newer_than(&session), newer, "{millis} ms");
        }
    }
}
