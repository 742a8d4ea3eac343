//! Detects redirect loops: a client that rejects each login and starts over would otherwise be
//! launched for ever (N74, docs/security.md).

use chrono::{DateTime, TimeDelta, Utc};

/// How many launches of one client in one session are allowed within [`WINDOW`].
const MAX_LAUNCHES: u32 = 3;
const WINDOW: TimeDelta = TimeDelta::seconds(15);

/// The recent launches, kept in a cookie. A forged cookie only stops the browser that sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopGuard {
    target: String,
    count: u32,
    since: i64,
}

impl LoopGuard {
    /// Counts a launch of `target`, which names a client in a session. `None` means that the browser is
    /// in a redirect loop.
    #[must_use]
    pub fn count(cookie: Option<&str>, target: &str, now: DateTime<Utc>) -> Option<Self> {
        let now = now.timestamp_millis();
        let previous = cookie.and_then(Self::read).filter(|previous| {
            previous.target == target
                && (0..WINDOW.num_milliseconds()).contains(&(now - previous.since))
        });
        match previous {
            Some(previous) if previous.count >= MAX_LAUNCHES => None,
            Some(previous) => Some(Self {
                count: previous.count + 1,
                ..previous
            }),
            None => Some(Self {
                target: target.to_owned(),
                count: 1,
                since: now,
            }),
        }
    }

    /// The cookie's value.
    #[must_use]
    pub fn to_cookie(&self) -> String {
        format!("{}.{}.{}", self.count, self.since, self.target)
    }

    fn read(cookie: &str) -> Option<Self> {
        let mut parts = cookie.splitn(3, '.');
        let count = parts.next()?.parse().ok()?;
        let since = parts.next()?.parse().ok()?;
        Some(Self {
            target: parts.next()?.to_owned(),
            count,
            since,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::login::redirect_loop::*;
    use proptest::prelude::*;

    fn launches_until_stopped(seconds_apart: i64, clients: [&str; 8]) -> usize {
        let mut cookie: Option<String> = None;
        let mut now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        for (launches, client) in clients.into_iter().enumerate() {
            match LoopGuard::count(cookie.as_deref(), client, now) {
                Some(next) => cookie = Some(next.to_cookie()),
                None => return launches,
            }
            now += TimeDelta::seconds(seconds_apart);
        }
        clients.len()
    }

    #[test]
    fn n74_the_fourth_launch_in_a_row_is_stopped() {
        assert_eq!(launches_until_stopped(1, ["grafana"; 8]), 3);
    }

    #[test]
    fn slow_clicks_and_alternating_clients_are_not_stopped() {
        assert_eq!(launches_until_stopped(6, ["grafana"; 8]), 8);
        assert_eq!(
            launches_until_stopped(1, ["a", "b", "a", "b", "a", "b", "a", "b"]),
            8
        );
    }

    proptest! {
        #[test]
        fn no_cookie_makes_the_guard_panic(cookie in any::<String>(), millis in 0i64..i64::from(u32::MAX)) {
            let now = DateTime::from_timestamp_millis(millis).unwrap();
            let _ = LoopGuard::count(Some(&cookie), "a.b", now);
        }

        #[test]
        fn a_cookie_reads_back(target in "[a-z.~_-]{1,20}") {
            let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
            let guard = LoopGuard::count(None, &target, now).unwrap();
            let read = LoopGuard::read(&guard.to_cookie());
            prop_assert_eq!(read, Some(guard));
        }
    }
}
