//! The times of the options.

use chrono::{DateTime, Local, NaiveDate, NaiveTime, TimeZone as _, Utc};

/// Reads a time (RFC 3339), or a day, which begins at midnight of this machine.
pub(super) fn parse(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let midnight = day.and_then(|day| {
        let midnight = day.and_time(NaiveTime::MIN);
        Local.from_local_datetime(&midnight).earliest()
    });
    midnight.map(|time| time.to_utc()).ok_or_else(|| {
        "write a day such as 2026-12-01, or a time such as 2026-12-01T08:00:00+08:00".to_owned()
    })
}
