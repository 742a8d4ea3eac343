//! What an answer to a logout token means, and when to try again.

use chrono::{DateTime, TimeDelta, Utc};

/// How long a client may take to learn that a session is over, before it is given up.
pub const DELIVERY_TTL: TimeDelta = TimeDelta::hours(24);

/// The pauses after the first attempts that failed; then [`LONGEST`] after each.
const RETRY_DELAYS: [TimeDelta; 4] = [
    TimeDelta::seconds(5),
    TimeDelta::seconds(30),
    TimeDelta::minutes(2),
    TimeDelta::minutes(10),
];
const MAX_RETRY_DELAY: TimeDelta = TimeDelta::minutes(30);

/// A client that still refuses the token at this attempt will not change its mind.
const MAX_REFUSED_ATTEMPTS: u32 = 5;

/// What a client made of a logout token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It knows.
    Taken,
    /// It says that the token is wrong, or that its own logout failed (§2.8).
    Refused,
    /// It is not there, or not well.
    Failed,
}

/// Reads the status of a client's answer (§2.8).
pub fn outcome(status: u16) -> Outcome {
    match status {
        // "200 OK … some Web frameworks will substitute … 204 No Content": any success is one.
        200..=299 => Outcome::Taken,
        400 => Outcome::Refused,
        _ => Outcome::Failed,
    }
}

/// When to make the attempt after number `attempts`, which came to `outcome`; `None` for never.
pub fn next(
    attempts: u32,
    outcome: Outcome,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let hopeless = match outcome {
        Outcome::Taken => true,
        Outcome::Refused => attempts >= MAX_REFUSED_ATTEMPTS,
        Outcome::Failed => false,
    };
    let before = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let due = now + RETRY_DELAYS.get(before).copied().unwrap_or(MAX_RETRY_DELAY);
    (!hopeless && due < expires_at).then_some(due)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn begun() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    /// The seconds of all attempts at a client that always answers `status`, and the last.
    fn attempts(status: u16) -> Vec<i64> {
        let mut made = vec![0];
        let mut now = begun();
        while let Some(due) = next(
            u32::try_from(made.len()).unwrap(),
            outcome(status),
            begun() + DELIVERY_TTL,
            now,
        ) {
            now = due;
            made.push((now - begun()).num_seconds());
        }
        made
    }

    #[test]
    fn a_client_that_is_gone_is_tried_for_a_day() {
        for status in [301, 404, 429, 500, 503] {
            let made = attempts(status);
            assert_eq!(made[..6], [0, 5, 35, 155, 755, 2555], "{status}");
            let last = *made.last().unwrap();
            assert!((82_800..86_400).contains(&last), "{last}");
        }
    }

    #[test]
    fn a_client_that_refuses_is_asked_five_times() {
        assert_eq!(attempts(400), [0, 5, 35, 155, 755]);
    }

    #[test]
    fn a_client_that_knows_is_left_alone() {
        assert_eq!(attempts(200), [0]);
        assert_eq!(attempts(204), [0]);
    }

    proptest! {
        #[test]
        fn the_next_attempt_is_later_and_in_time(attempts in any::<u32>(), status in any::<u16>(), late in 0_i64..200_000) {
            let now = begun() + TimeDelta::seconds(late);
            if let Some(due) = next(attempts, outcome(status), begun() + DELIVERY_TTL, now) {
                prop_assert!(due >= now + RETRY_DELAYS[0] && due < begun() + DELIVERY_TTL);
            }
        }
    }
}
