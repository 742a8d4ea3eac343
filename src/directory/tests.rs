//! The stored form of reports and histories. It must not change when types are renamed.

use chrono::DateTime;
use serde_json::{Value, json};

use super::*;

fn stored(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

#[test]
fn the_stored_form_of_a_history_does_not_change() {
    let client_and_sid = || ("app".to_owned(), "s".to_owned());
    let (client_id, sid) = client_and_sid();
    let delivered = Event::LogoutDelivered { client_id, sid };
    let (client_id, sid) = client_and_sid();
    let not_delivered = Event::LogoutNotDelivered { client_id, sid };
    let left = Event::Left {
        sessions: vec!["s".to_owned()],
        clients: vec!["app".to_owned()],
    };
    for (event, text) in [
        (Event::Absent, json!({"event": "absent"})),
        (
            left,
            json!({"event": "left", "sessions": ["s"], "clients": ["app"]}),
        ),
        (
            delivered,
            json!({"event": "told", "client_id": "app", "sid": "s"}),
        ),
        (
            not_delivered,
            json!({"event": "not_told", "client_id": "app", "sid": "s"}),
        ),
        (Event::Returned, json!({"event": "returned"})),
    ] {
        assert_eq!(stored(&event), text);
        assert_eq!(serde_json::from_value::<Event>(text).unwrap(), event);
    }
}

#[test]
fn the_stored_form_of_a_report_does_not_change() {
    let at = DateTime::UNIX_EPOCH;
    let complete = Outcome::Complete {
        listed: 5,
        changed: 4,
        absent: 3,
        left: 2,
        unusable: 1,
    };
    let failed = Outcome::Failed {
        why: "no answer".to_owned(),
    };
    let blocked = |anomaly| Outcome::Blocked {
        listed: 1,
        missing: 2,
        anomaly,
    };
    let first = Report::after(None, complete, at);
    assert_eq!(
        stored(&first),
        json!({
            "at": "1970-01-01T00:00:00Z", "complete_at": "1970-01-01T00:00:00Z",
            "outcome": "complete", "listed": 5, "changed": 4, "absent": 3, "left": 2, "unusable": 1,
        })
    );
    for (anomaly, text) in [
        (Anomaly::Empty, json!({"reason": "empty"})),
        (
            Anomaly::TooMany {
                missing: 2,
                allowed: 1,
            },
            json!({"reason": "too_many", "missing": 2, "allowed": 1}),
        ),
        (
            Anomaly::Count { said: 2, found: 1 },
            json!({"reason": "count", "said": 2, "found": 1}),
        ),
        (Anomaly::Unstable, json!({"reason": "moved"})),
    ] {
        let report = Report::after(None, blocked(anomaly), at);
        assert_eq!(
            stored(&report),
            json!({
                "at": "1970-01-01T00:00:00Z", "complete_at": null,
                "held": {"missing": 2, "doubt": text},
                "outcome": "braked", "listed": 1, "missing": 2, "doubt": text,
            })
        );
    }
    assert_eq!(
        stored(&Report::after(None, failed, at)),
        json!({
            "at": "1970-01-01T00:00:00Z", "complete_at": null,
            "outcome": "failed", "why": "no answer",
        })
    );
}
