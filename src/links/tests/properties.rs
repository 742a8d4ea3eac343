//! Whatever a file holds: it is imported as a whole or not at all, and reads back as it was written.

use proptest::prelude::*;

use super::*;

/// A cell as people write it, or as a fault leaves it.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[1-9]",
        3 => "[a-d]{1,2}",
        1 => Just(String::new()),
        1 => "[-=+@'|\\\\\"a ]{0,4}",
        1 => Just("c@w.cn".to_owned()),
        1 => Just("true".to_owned()),
        1 => Just("grafana".to_owned()),
        1 => "\\PC{0,4}",
    ]
}

fn headings() -> impl Strategy<Value = Vec<&'static str>> {
    let possible = [
        "id",
        "编号",
        "username",
        "账号",
        "email",
        "client",
        "name",
        "phone",
        "dept",
        "sites[]",
        "email_verified",
        "",
        "=x",
    ];
    let any = prop::collection::vec(prop::sample::select(possible.to_vec()), 1..5);
    prop_oneof![
        3 => Just(vec!["id", "username"]),
        2 => Just(vec!["id", "client", "username", "dept", "sites[]"]),
        2 => Just(vec!["编号", "email", "email_verified"]),
        1 => any,
    ]
}

/// A valid cell for the column under `heading`.
fn valid_cell(heading: &str, number: u8) -> String {
    match heading {
        "id" | "编号" => (number + 1).to_string(),
        "email" => format!("{number}@w.cn"),
        "email_verified" => "是".to_owned(),
        "client" => ["", "*", "grafana", "wiki"][usize::from(number % 4)].to_owned(),
        "name" => "陈涛".to_owned(),
        "phone" => "13800138000".to_owned(),
        "sites[]" => ["", "|", "a|b", "\\||=1"][usize::from(number % 4)].to_owned(),
        "" => String::new(),
        _ => ["a", "B", "'=c", "d", "-e"][usize::from(number % 5)].to_owned(),
    }
}

fn table() -> impl Strategy<Value = Vec<u8>> {
    let separator = prop::sample::select(vec![",", ";", "\t"]);
    let wild = (0..30_u8, 0..8_u8, cell());
    let rows = prop::collection::vec(prop::collection::vec(wild, 5), 0..6);
    (headings(), separator, rows, any::<bool>(), 0..40_u8).prop_map(
        |(headings, separator, rows, marked, damage)| {
            let mut text = String::from(if marked { "\u{feff}" } else { "" });
            text.push_str(&headings.join(separator));
            for row in rows {
                let row = row.into_iter().zip(&headings);
                let row = row.map(|((wild, number, cell), heading)| match wild {
                    0 => cell,
                    _ => valid_cell(heading, number),
                });
                let row: Vec<_> = row.collect();
                text.push_str("\r\n");
                text.push_str(&row.join(separator));
            }
            let mut bytes = match damage {
                0 => encoding_rs::GB18030.encode(&text).0.into_owned(),
                1 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
                _ => text.into_bytes(),
            };
            match damage {
                2 => bytes.truncate(bytes.len() / 2),
                3 => bytes.insert(bytes.len() / 2, 0xff),
                4 => bytes.push(b'"'),
                _ => {}
            }
            bytes
        },
    )
}

fn any_file() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => table(),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => "id,username\n[,;\"\r\n\t1a ]{0,60}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Any input is imported as a whole or not at all, and what was imported can be exported and read
    /// back.
    #[test]
    fn any_input_never_panics_and_is_never_half_imported(bytes in any_file()) {
        thread_local! {
            static STORES: [SqliteStore; 2] = [(); 2].map(|()| SqliteStore::temporary().unwrap());
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        STORES.with(|[store, again]| runtime.block_on(async {
            let Ok(sheet) = Sheet::read(&bytes, None, &is_client) else {
                return Ok(());
            };
            let found = match_rows(&sheet.rows, &people());
            let Ok(plan) = plan(sheet.rows, &found, Trust::default()) else {
                return Ok(());
            };
            let now = chrono::DateTime::UNIX_EPOCH;
            let joined = store.apply(plan.changes.clone(), now).await.unwrap();
            let links = store.links_after(None, u32::MAX).await.unwrap();
            match joined {
                ApplyOutcome::Taken(taken) => {
                    prop_assert!(!taken.is_empty());
                    prop_assert!(links.is_empty(), "half of it was imported");
                }
                ApplyOutcome::Done(tally) => {
                    let has_data = |change: &&LinkChange| change.edit.applied_to(None).is_some();
                    let expected = plan.changes.iter().filter(has_data).count();
                    prop_assert_eq!(links.len(), expected);
                    prop_assert_eq!(tally.added, expected);
                    again.apply(round_trip(store).await, now).await.unwrap();
                    let read = again.links_after(None, u32::MAX).await.unwrap();
                    prop_assert_eq!(read, links);
                }
            }
            for store in [store, again] {
                for (link_key, _) in store.links_after(None, u32::MAX).await.unwrap() {
                    store.unlink(&link_key).await.unwrap();
                }
            }
            Ok(())
        }))?;
    }
}
