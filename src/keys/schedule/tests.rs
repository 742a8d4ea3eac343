//! Keys follow one another without a gap, by the rows alone.

use super::*;

fn at(hours: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + hours * 3600, 0).unwrap()
}

fn key(kid: &str, signs_from: i64) -> SealedKey {
    SealedKey {
        kid: kid.to_owned(),
        alg: "ES256".to_owned(),
        sealed: Vec::new(),
        created_at: at(signs_from - 24),
        signs_from: at(signs_from),
        revoked_at: None,
    }
}

fn phases(keys: &[SealedKey], hours: i64) -> String {
    let scheduled = schedule(keys, SigningAlg::ES256, at(hours));
    let words = scheduled
        .iter()
        .map(|one| format!("{}:{}", one.key.kid, one.phase.as_str()));
    words.collect::<Vec<_>>().join(" ")
}

const POLICY: RotationPolicy = RotationPolicy {
    publish_ahead: TimeDelta::hours(24),
    rotate_every: Some(TimeDelta::days(90)),
};

#[test]
fn a_key_is_next_then_current_then_previous_then_retired() {
    let keys = [key("b", 100), key("a", 0)];
    assert_eq!(phases(&keys, 99), "a:current b:next");
    assert_eq!(phases(&keys, 100), "a:previous b:current");
    assert_eq!(phases(&keys, 124), "a:previous b:current");
    assert_eq!(phases(&keys, 125), "a:retired b:current");
    assert_eq!(phases(&keys, 100 + 38 * 24), "a:expired b:current");
    assert_eq!(removable(&keys, at(100 + 38 * 24)), ["a"]);
    assert_eq!(removable(&keys, at(99 + 38 * 24)), Vec::<String>::new());
}

#[test]
fn there_is_always_one_current_key() {
    let keys = [key("a", 0), key("b", 100), key("c", 100), key("d", 300)];
    for hours in -50..400 {
        let scheduled = schedule(&keys, SigningAlg::ES256, at(hours));
        let current = scheduled.iter().filter(|one| one.phase == Phase::Current);
        assert_eq!(current.count(), 1, "{hours}");
    }
    assert_eq!(phases(&keys, -1), "a:current b:next c:next d:next");
}

#[test]
fn a_revoked_key_neither_signs_nor_verifies_and_its_predecessor_is_no_gap() {
    let mut keys = [key("a", 0), key("b", 100)];
    keys[1].revoked_at = Some(at(101));
    assert_eq!(phases(&keys, 101), "a:current b:revoked");
    assert!(!Phase::Revoked.verifies() && !Phase::Revoked.is_published());
    assert_eq!(removable(&keys, at(102)), Vec::<String>::new());
    assert_eq!(removable(&keys, at(101 + 38 * 24)), ["b"]);
}

#[test]
fn the_next_key_is_made_once_and_early_enough() {
    let keys = [key("a", 0)];
    let ninety_days = 90 * 24;
    assert_eq!(POLICY.due(&keys, at(ninety_days - 26)), []);
    let due = POLICY.due(&keys, at(ninety_days - 24));
    let signs_from = at(ninety_days) + READ_WITHIN;
    let alg = SigningAlg::ES256;
    let after = "a".to_owned();
    assert_eq!(
        due,
        [NextKey {
            alg,
            after,
            signs_from
        }]
    );
    let keys = [
        key("a", 0),
        SealedKey {
            signs_from,
            ..key("b", ninety_days)
        },
    ];
    assert_eq!(POLICY.due(&keys, at(ninety_days - 23)), []);
    assert_eq!(POLICY.due(&keys, at(ninety_days + 1)), []);
}

#[test]
fn nothing_is_due_when_rotation_is_off() {
    let off = RotationPolicy {
        rotate_every: None,
        ..POLICY
    };
    assert_eq!(off.due(&[key("a", 0)], at(100_000)), []);
    assert!(off.next(&[key("a", 0)], SigningAlg::ES256, at(5)).is_some());
}

#[test]
fn a_key_that_a_clock_ahead_has_made_does_not_hold_the_next_one_up() {
    let ahead = SealedKey {
        created_at: at(50_000),
        ..key("ahead", 50_024)
    };
    let due = POLICY.due(&[key("a", 0), ahead], at(90 * 24));
    assert_eq!(due.len(), 1);
    assert_eq!(
        due[0].after, "ahead",
        "the store compares with its last key"
    );
}
