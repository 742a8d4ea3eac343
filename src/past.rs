//! Whether a moment is past. A clock that was ahead has dated things into the future; after it is set
//! right, they must not live longer by as much as the clock was ahead.
//!
//! What is good for a minute or so does not count then. A session or a token counts if it is ahead by no more than
//! its own lifetime ([`is_alive`]): a clock that is set back by an hour signs nobody out, and nothing lives more than
//! twice as long as it should.

use chrono::{DateTime, TimeDelta, Utc};

/// How far the clocks of two servers may differ. NTP corrects less than this without a jump.
pub(crate) const LEEWAY: TimeDelta = TimeDelta::minutes(1);

/// Whether `moment` is past by the clock of any server.
pub(crate) fn is_past(moment: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    moment - now <= LEEWAY
}

/// Whether `moment` is past, and not longer ago than `age`.
pub(crate) fn is_within(age: TimeDelta, moment: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    is_past(moment, now) && now - moment <= age
}

/// Whether what lives from `start` to `end` is alive. It may be ahead by no more than its lifetime.
pub(crate) fn is_alive(start: DateTime<Utc>, end: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now < end && start - now <= end - start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ahead_by_more_than_clocks_differ_is_not_past() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let within = |seconds| {
            let moment = now + TimeDelta::seconds(seconds);
            is_within(TimeDelta::minutes(5), moment, now)
        };
        assert!(within(-300) && within(0) && within(60));
        assert!(!within(-301) && !within(61) && !within(3600));
    }

    #[test]
    fn what_is_ahead_by_more_than_its_lifetime_is_not_alive() {
        let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let end = start + TimeDelta::hours(12);
        let at = |seconds| is_alive(start, end, start + TimeDelta::seconds(seconds));
        assert!(at(0) && at(43_199) && at(-43_200));
        assert!(!at(43_200) && !at(-43_201));
    }
}
