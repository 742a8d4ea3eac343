//! A table of linked accounts: what is read of it, whom its rows mean, and that an export of the links is
//! read back as the same links.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use panda_oidc::links::{
    Export, Headings, LinkKey, Mistake, Plan, Sheet, Trust, Unaccepted, match_rows, plan,
};
use panda_oidc::people::{Link, parse_user_id};
use panda_oidc_sdk::{Identity, Subject};

type Links = BTreeMap<LinkKey, Link>;

/// The people that the store knows. Two of them have the same name.
static PEOPLE: LazyLock<[Identity; 3]> = LazyLock::new(|| {
    let person =
        |id, name, phone| Identity::new(Subject::new(id).expect("an id"), Some(name), Some(phone));
    [
        person("1", "陈涛", "13800138000"),
        person("2", "王", "13800138001"),
        person("18", "王", "1822199904"),
    ]
});

fuzz_target!(|bytes: &[u8]| {
    let planned = match imported(bytes) {
        Ok(planned) => planned,
        Err(mistakes) => return are_explained(bytes, &mistakes),
    };
    let links = links_of(&planned);
    let table = exported(&links);
    if links.is_empty() {
        return; // an import refuses a table without an account
    }
    let again = imported(&table).unwrap_or_else(|mistakes| {
        panic!("{mistakes:?} in {:?}", String::from_utf8_lossy(&table));
    });
    assert_eq!(
        links_of(&again),
        links,
        "{:?}",
        String::from_utf8_lossy(&table)
    );
});

/// The links that an empty store has after the changes.
fn links_of(plan: &Plan) -> Links {
    let changes = plan.changes.iter();
    let links =
        changes.filter_map(|change| Some((change.link_key.clone(), change.edit.applied_to(None)?)));
    links.collect()
}

/// What `links import --skip-unmatched` would change.
fn imported(bytes: &[u8]) -> Result<Plan, Vec<Mistake>> {
    let is_client = |id: &str| ["grafana", "=nc"].contains(&id);
    let sheet = Sheet::read(bytes, None, &is_client)?;
    let lines: Vec<u64> = sheet.rows.iter().map(|row| row.line).collect();
    assert!(lines.is_sorted_by(|a, b| a < b), "{lines:?}");
    for row in &sheet.rows {
        let Some(subject) = &row.subject else {
            continue;
        };
        let read = parse_user_id(subject.as_str()).expect("it was read");
        assert_eq!(&read, subject, "the id is not canonical");
    }
    let found = match_rows(&sheet.rows, &*PEOPLE);
    assert_eq!(found.len(), lines.len());
    let trust = Trust {
        phone: true,
        name: true,
        unaccepted: Unaccepted::LeftOut,
        ..Trust::default()
    };
    let planned = plan(sheet.rows, &found, trust)?;
    assert_eq!(planned.lines.len(), planned.changes.len());
    // A row that says the same as one before it is neither.
    let accounted = [&planned.lines[..], &planned.skipped[..]].concat();
    let distinct: BTreeSet<u64> = accounted.iter().copied().collect();
    assert_eq!(
        distinct.len(),
        accounted.len(),
        "a row is both taken and left out"
    );
    assert!(distinct.iter().all(|line| lines.contains(line)));
    Ok(planned)
}

fn are_explained(bytes: &[u8], mistakes: &[Mistake]) {
    assert!(!mistakes.is_empty());
    let longest = u64::try_from(bytes.len()).unwrap_or(u64::MAX) + 1;
    for mistake in mistakes {
        assert!(!mistake.what.is_empty() && !mistake.remedy.is_empty());
        let line = mistake.line.unwrap_or(1);
        assert!((1..=longest).contains(&line), "{mistake}");
        assert!(!mistake.what.chars().any(char::is_control), "{mistake:?}");
    }
}

fn exported(links: &Links) -> Vec<u8> {
    let mut headings = Headings::default();
    links.values().for_each(|link| headings.add(link));
    let mut table = Vec::new();
    let mut export = Export::begin(&mut table, headings).expect("memory");
    for (key, link) in links {
        assert!(
            export.row(key, link).expect("memory"),
            "a column is missing"
        );
    }
    export.end().expect("memory");
    table
}
