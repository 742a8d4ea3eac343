//! Due times and leases by the database's clock.
//!
//! Replicas have clocks of their own. What one leases until a time, another takes up after it, so both must
//! mean the same clock. A caller's times are moved by how far its clock is from the database's, in whole
//! seconds.

use panda_oidc_sdk::{Clock as _, SystemClock};

/// A time `$time` of the caller by the database's clock; `$clock` is [`clock`], the caller's own time.
macro_rules! by_database_clock {
    ($time:literal, $clock:literal) => {
        concat!(
            "(",
            $time,
            " + 1000 * round(extract(epoch FROM clock_timestamp()) - ",
            $clock,
            " / 1000.0)::bigint)"
        )
    };
}
pub(super) use by_database_clock;

/// This machine's time, in Unix milliseconds.
pub(super) fn clock() -> i64 {
    SystemClock.now().timestamp_millis()
}
