//! What the response to a logout token means, and when to retry.

use chrono::{DateTime, TimeDelta, Utc};

/// How long a delivery is retried before it is given up.
pub const DELIVERY_TTL: TimeDelta = TimeDelta::hours(24);

/// The delays after the first failed attempts; [`MAX_RETRY_DELAY`] after each later one.
const RETRY_DELAYS: [TimeDelta; 4] = [
    TimeDelta::seconds(5),
    TimeDelta::seconds(30),
    TimeDelta::minutes(2),
    TimeDelta::minutes(10),
];
const MAX_RETRY_DELAY: TimeDelta = TimeDelta::minutes(30);

/// After this many attempts, a client that refuses the token is given up.
const MAX_REFUSED_ATTEMPTS: u32 = 5;

/// The outcome of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The client accepted the token.
    Accepted,
    /// The client answered that the token is invalid, or that its own logout failed (§2.8).
    Refused,
    /// The client could not be reached, or failed.
    Failed,
}

/// Interprets the status of a client's response (§2.8).
#[must_use]
pub fn outcome(status: u16) -> AttemptOutcome {
    match status {
        // "200 OK … some Web frameworks will substitute … 204 No Content": any 2xx is a success.
        200..=299 => AttemptOutcome::Accepted,
        400 => AttemptOutcome::Refused,
        _ => AttemptOutcome::Failed,
    }
}

/// When to retry after attempt number `attempts` gave `outcome`; `None` for no further attempt.
#[must_use]
pub fn next(
    attempts: u32,
    outcome: AttemptOutcome,
    expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let is_final = match outcome {
        AttemptOutcome::Accepted => true,
        AttemptOutcome::Refused => attempts >= MAX_REFUSED_ATTEMPTS,
        AttemptOutcome::Failed => false,
    };
    let previous_retries = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let due = now
        + RETRY_DELAYS
            .get(previous_retries)
            .copied()
            .unwrap_or(MAX_RETRY_DELAY);
    (!is_final && due < expires_at).then_some(due)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ended_at() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    /// The times of all attempts at a client that always answers `status`, in seconds.
    fn attempts(status: u16) -> Vec<i64> {
        let mut attempted_at = vec![0];
        let mut now = ended_at();
        while let Some(due) = next(
            u32::try_from(attempted_at.len()).unwrap(),
            outcome(status),
            ended_at() + DELIVERY_TTL,
            now,
        ) {
            now = due;
            attempted_at.push((now - ended_at()).num_seconds());
        }
        attempted_at
    }

    #[test]
    fn a_failing_client_is_retried_for_a_day() {
        for status in [301, 404, 429, 500, 503] {
            let attempted_at = attempts(status);
            assert_eq!(attempted_at[..6], [0, 5, 35, 155, 755, 2555], "{status}");
            let last = *attempted_at.last().unwrap();
            assert!((82_800..86_400).contains(&last), "{last}");
        }
    }

    #[test]
    fn a_client_that_refuses_gets_five_attempts() {
        assert_eq!(attempts(400), [0, 5, 35, 155, 755]);
    }

    #[test]
    fn a_client_that_accepted_gets_no_further_attempt() {
        assert_eq!(attempts(200), [0]);
        assert_eq!(attempts(204), [0]);
    }

    proptest! {
        #[test]
        fn the_next_attempt_is_later_and_before_the_deadline(attempts in any::<u32>(), status in any::<u16>(), late in 0_i64..200_000) {
            let now = ended_at() + TimeDelta::seconds(late);
            if let Some(due) = next(attempts, outcome(status), ended_at() + DELIVERY_TTL, now) {
                prop_assert!(due >= now + RETRY_DELAYS[0] && due < ended_at() + DELIVERY_TTL);
            }
        }
    }
}
