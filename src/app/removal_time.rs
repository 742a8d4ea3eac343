//! The time by which data is removed for good. Unlike the clock, it does not jump ahead.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use panda_oidc_sdk::Clock;

use crate::past::LEEWAY;

/// How long a clock that jumped ahead must stay there before it is believed.
const BELIEVED_AFTER: Duration = Duration::from_hours(24);

/// The clock, except that a jump ahead does not count until it has lasted for a day. What a wrong clock
/// removed would not come back when the clock is set right: who owns a ticket, the record of a leaver, a
/// logout that a client has yet to be told of. To be late with it harms nobody.
pub struct RemovalTime {
    clock: Arc<dyn Clock>,
    reference: Mutex<Reference>,
}

/// Where the clock was last right, and by which time of the monotonic clock.
#[derive(Debug, Clone, Copy)]
struct Reference {
    at: DateTime<Utc>,
    elapsed: Duration,
    /// Since when the clock is ahead.
    ahead_since: Option<Duration>,
}

impl RemovalTime {
    /// Believes the clock as it is now.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let reference = Reference {
            at: clock.now(),
            elapsed: clock.elapsed(),
            ahead_since: None,
        };
        Self {
            clock,
            reference: Mutex::new(reference),
        }
    }

    /// The time by which data that has expired may be removed. It is never later than the clock's.
    pub fn now(&self) -> DateTime<Utc> {
        let (now, elapsed) = (self.clock.now(), self.clock.elapsed());
        let mut reference = self.lock();
        let passed = TimeDelta::from_std(elapsed.saturating_sub(reference.elapsed));
        let expected = passed
            .ok()
            .and_then(|passed| reference.at.checked_add_signed(passed))
            .unwrap_or(now);
        let is_ahead = now - expected > LEEWAY;
        let since = *reference.ahead_since.get_or_insert(elapsed);
        if is_ahead && elapsed.saturating_sub(since) < BELIEVED_AFTER {
            if since == elapsed {
                tracing::warn!(
                    "The clock is ahead of where it should be, {now} instead of {expected}: nothing is \
                     removed by it until it is set right, or has stayed so for a day. Check NTP on this machine"
                );
            }
            return expected;
        }
        if expected - now > LEEWAY {
            tracing::warn!(
                "The clock was set back, from {expected} to {now}. Check NTP on this machine"
            );
        }
        *reference = Reference {
            at: now,
            elapsed,
            ahead_since: None,
        };
        now
    }

    fn lock(&self) -> MutexGuard<'_, Reference> {
        self.reference
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RemovalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RemovalTime").field(&*self.lock()).finish()
    }
}

#[cfg(test)]
mod tests {
    use panda_oidc_sdk::ManualClock;

    use super::*;

    fn start() -> (Arc<ManualClock>, RemovalTime, DateTime<Utc>) {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let clock = Arc::new(ManualClock::at(now));
        (clock.clone(), RemovalTime::new(clock), now)
    }

    #[test]
    fn time_that_passes_counts() {
        let (clock, time, start) = start();
        for day in 1..10 {
            clock.advance(TimeDelta::days(1));
            assert_eq!(time.now(), start + TimeDelta::days(day));
        }
    }

    #[test]
    fn a_jump_ahead_and_back_does_not_count() {
        let (clock, time, start) = start();
        clock.jump(TimeDelta::days(8));
        for seconds in [0, 60, 120] {
            assert_eq!(time.now(), start + TimeDelta::seconds(seconds));
            clock.advance(TimeDelta::seconds(60));
        }
        clock.jump(TimeDelta::days(-8));
        assert_eq!(time.now(), start + TimeDelta::seconds(180));
    }

    #[test]
    fn a_jump_back_counts_at_once_and_returning_from_it_does_not() {
        let (clock, time, start) = start();
        clock.jump(TimeDelta::days(-8));
        assert_eq!(time.now(), start - TimeDelta::days(8));
        clock.jump(TimeDelta::days(8));
        assert_eq!(time.now(), start - TimeDelta::days(8));
    }

    #[test]
    fn a_clock_that_stays_ahead_for_a_day_is_believed() {
        let (clock, time, start) = start();
        clock.jump(TimeDelta::days(8));
        assert_eq!(time.now(), start);
        clock.advance(TimeDelta::hours(24));
        assert_eq!(time.now(), start + TimeDelta::days(9));
    }

    #[test]
    fn small_corrections_are_followed() {
        let (clock, time, start) = start();
        for step in [30, -20, 45] {
            clock.jump(TimeDelta::seconds(step));
            time.now();
        }
        assert_eq!(time.now(), start + TimeDelta::seconds(55));
    }
}
