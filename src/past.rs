//! Whether a moment is past. A clock that was ahead has dated things into the future; after it is set
//! right, they do not count. Otherwise they would live longer by as much as the clock was ahead.

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
}
