//! Times in filters, as the systems that ask write them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

/// The time that `text` means. Without an offset it is in UTC.
pub(super) fn parse(text: &str) -> Option<DateTime<Utc>> {
    let with_offset = |text: &str| DateTime::parse_from_rfc3339(text).ok();
    // A `+` that was not escaped in a URL arrives as a space.
    let restored = || {
        let (time, offset) = text.rsplit_once(' ')?;
        with_offset(&format!("{time}+{offset}"))
    };
    let local = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok();
    let midnight = || Some(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN));
    with_offset(text)
        .or_else(restored)
        .map(|time| time.to_utc())
        .or_else(|| Some(local().or_else(midnight)?.and_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_spellings_of_a_time_are_read() {
        let noon = "2026-11-25T12:00:00Z".parse::<DateTime<Utc>>().unwrap();
        for text in [
            "2026-11-25T12:00:00Z",
            "2026-11-25T12:00:00.000Z",
            "2026-11-25T20:00:00+08:00",
            "2026-11-25T20:00:00 08:00",
            "2026-11-25T12:00:00",
        ] {
            assert_eq!(parse(text), Some(noon), "{text}");
        }
        assert_eq!(
            parse("2026-11-25").map(|at| at.to_rfc3339()),
            Some("2026-11-25T00:00:00+00:00".to_owned())
        );
        for text in ["", "yesterday", "1790000000", "2026-13-01"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
