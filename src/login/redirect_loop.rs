//! Noticing that a browser goes round in circles: a client that rejects its login and starts over
//! would otherwise launch for ever (F27, N74).

use chrono::{DateTime, TimeDelta, Utc};

/// How many launches of one client by one person may follow each other this closely.
const MAX_LAUNCHES: u32 = 3;
const WINDOW: TimeDelta = TimeDelta::seconds(15);

/// The launches of late, kept in a cookie; forging it only stops the forger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopGuard {
    what: String,
    count: u32,
    since: i64,
}

impl LoopGuard {
    /// Counts a launch of `what`, a client in a session; `None` when the browser is going round in
    /// circles.
    #[must_use]
    pub fn count(cookie: Option<&str>, what: &str, now: DateTime<Utc>) -> Option<Self> {
        let now = now.timestamp_millis();
        let before = cookie.and_then(Self::read).filter(|before| {
            before.what == what && (0..WINDOW.num_milliseconds()).contains(&(now - before.since))
        });
        match before {
            Some(before) if before.count >= MAX_LAUNCHES => None,
            Some(before) => Some(Self {
                count: before.count + 1,
                ..before
            }),
            None => Some(Self {
                what: what.to_owned(),
                count: 1,
                since: now,
            }),
        }
    }

    /// The cookie's value.
    #[must_use]
    pub fn to_cookie(&self) -> String {
        format!("{}.{}.{}", self.count, self.since, self.what)
    }

    fn read(cookie: &str) -> Option<Self> {
        let mut parts = cookie.splitn(3, '.');
        let count = parts.next()?.parse().ok()?;
        let since = parts.next()?.parse().ok()?;
        Some(Self {
            what: parts.next()?.to_owned(),
            count,
            since,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::login::redirect_loop::*;
    use proptest::prelude::*;

    fn rounds(seconds_apart: i64, clients: [&str; 8]) -> usize {
        let mut cookie: Option<String> = None;
        let mut now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        for (round, client) in clients.into_iter().enumerate() {
            match LoopGuard::count(cookie.as_deref(), client, now) {
                Some(next) => cookie = Some(next.to_cookie()),
                None => return round,
            }
            now += TimeDelta::seconds(seconds_apart);
        }
        clients.len()
    }

    #[test]
    fn n74_the_fourth_round_in_a_row_is_stopped() {
        assert_eq!(rounds(1, ["grafana"; 8]), 3);
    }

    #[test]
    fn a_person_who_clicks_now_and_then_or_here_and_there_is_not() {
        assert_eq!(rounds(6, ["grafana"; 8]), 8);
        assert_eq!(rounds(1, ["a", "b", "a", "b", "a", "b", "a", "b"]), 8);
    }

    proptest! {
        #[test]
        fn any_cookie_is_survived(cookie in any::<String>(), millis in 0i64..i64::from(u32::MAX)) {
            let now = DateTime::from_timestamp_millis(millis).unwrap();
            let _ = LoopGuard::count(Some(&cookie), "a.b", now);
        }

        #[test]
        fn a_cookie_reads_back(what in "[a-z.~_-]{1,20}") {
            let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
            let rounds = LoopGuard::count(None, &what, now).unwrap();
            let read = LoopGuard::read(&rounds.to_cookie());
            prop_assert_eq!(read, Some(rounds));
        }
    }
}
