//! The audit log.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;

use crate::audit::{AuditFilter, Entry, Event, NewRecord, Record, Sealable, Verifier};
use crate::crypto::{AuditKey, MasterKey};
use crate::store::Store;
use crate::store::contract::fixture::{at, logout_notice, sign_in, subject};

fn key() -> AuditKey {
    MasterKey::random(&mut rand::rng()).audit_key()
}

/// A record of `person` in `client` at the time `seconds`.
fn record(person: Option<&str>, client: Option<&str>, seconds: i64) -> NewRecord {
    let entry = Entry {
        at: at(seconds),
        person: person.map(subject),
        client_id: client.map(str::to_owned),
        address: Some([127, 0, 0, 1].into()),
        event: Event::SignInRefused {
            reason: "陈'\"".to_owned(),
        },
    };
    entry.into_record(&mut rand::rng())
}

async fn all(store: &impl Store) -> Vec<Record> {
    find(store, AuditFilter::default()).await
}

async fn find(store: &impl Store, filter: AuditFilter) -> Vec<Record> {
    store.audit_records(&filter, None, 100).await.unwrap()
}

fn times(records: &[Record]) -> Vec<DateTime<Utc>> {
    records.iter().map(|record| record.at).collect()
}

/// Seals up to `limit` records.
async fn seal(store: &impl Store, key: &AuditKey, limit: u32) -> bool {
    let records = store.unsealed_records(limit).await.unwrap();
    let previous = store.last_block().await.unwrap();
    let sealable = Sealable::new(&records).unwrap();
    let block = sealable.seal(previous.as_ref(), key, at(900));
    store.seal(block).await.unwrap()
}

/// Verifies the chain. Returns the number of its blocks.
async fn verify(store: &impl Store, key: &AuditKey) -> usize {
    let blocks = store.blocks(0, 100).await.unwrap();
    let mut verifier = Verifier::default();
    for block in &blocks {
        let records = store.records_of_block(block.number).await.unwrap();
        verifier.verify(block, &records, key).unwrap();
    }
    assert_eq!(verifier.head().copied(), store.last_block().await.unwrap());
    blocks.len()
}

pub(super) async fn a_record_is_read_back_unchanged(store: impl Store) {
    let new = record(Some("7"), Some("grafana"), 5);
    store.append(vec![new.clone()]).await.unwrap();
    let [read] = all(&store).await.try_into().unwrap();
    assert_eq!(read.pseudonym, Some(new.new_pseudonym));
    assert_eq!(read.person, new.person);
    assert_eq!(read.client_id, new.client_id);
    assert_eq!((read.at, read.block), (new.at, None));
    assert_eq!((&*read.event, read.detail), (new.event, new.detail));
    store.append(vec![record(None, None, 6)]).await.unwrap();
    let [read, _] = all(&store).await.try_into().unwrap();
    assert_eq!(
        (read.pseudonym, read.person, read.client_id),
        (None, None, None)
    );
}

pub(super) async fn a_person_keeps_their_pseudonym(store: impl Store) {
    let records = [record(Some("7"), None, 1), record(Some("7"), None, 2)];
    store.append(records.into()).await.unwrap();
    let records = [record(Some("8"), None, 3), record(Some("7"), None, 4)];
    store.append(records.into()).await.unwrap();
    let read = all(&store).await;
    let pseudonyms: Vec<_> = read.iter().map(|record| &record.pseudonym).collect();
    assert_eq!(pseudonyms[0], pseudonyms[2]);
    assert_eq!(pseudonyms[2], pseudonyms[3]);
    assert_ne!(pseudonyms[0], pseudonyms[1]);
}

pub(super) async fn concurrent_records_of_a_person_get_one_pseudonym(store: impl Store + 'static) {
    let store = Arc::new(store);
    let mut appends = JoinSet::new();
    for _ in 0..16 {
        let store = Arc::clone(&store);
        appends.spawn(async move { store.append(vec![record(Some("7"), None, 1)]).await });
    }
    while let Some(appended) = appends.join_next().await {
        appended.unwrap().unwrap();
    }
    let of_person = AuditFilter {
        person: Some(subject("7")),
        ..AuditFilter::default()
    };
    let read = find(store.as_ref(), of_person).await;
    assert_eq!(read.len(), 16);
    let pseudonym = &read[0].pseudonym;
    assert!(read.iter().all(|record| record.pseudonym == *pseudonym));
}

pub(super) async fn records_are_found_by_what_they_say(store: impl Store) {
    let records = [
        record(Some("7"), Some("grafana"), 1),
        record(Some("8"), Some("grafana"), 2),
        record(Some("7"), Some("wiki"), 3),
    ];
    store.append(records.into()).await.unwrap();
    let filter = AuditFilter::default;
    let of_person = AuditFilter {
        person: Some(subject("7")),
        ..filter()
    };
    assert_eq!(
        times(&find(&store, of_person.clone()).await),
        [at(3), at(1)]
    );
    let of_client = AuditFilter {
        client_id: Some("grafana".to_owned()),
        ..filter()
    };
    assert_eq!(
        times(&find(&store, of_client.clone()).await),
        [at(2), at(1)]
    );
    let of_both = AuditFilter {
        client_id: of_client.client_id,
        ..of_person
    };
    assert_eq!(times(&find(&store, of_both).await), [at(1)]);
    let of_time = AuditFilter {
        since: Some(at(2)),
        until: Some(at(3)),
        ..filter()
    };
    assert_eq!(times(&find(&store, of_time).await), [at(2)]);
    for (event, count) in [("sign_in_refused", 3), ("signed_in", 0)] {
        let of_event = AuditFilter {
            event: Some(event.to_owned()),
            ..filter()
        };
        assert_eq!(find(&store, of_event).await.len(), count);
    }
    let unknown = AuditFilter {
        person: Some(subject("9")),
        ..filter()
    };
    assert!(find(&store, unknown).await.is_empty());
    let newest = store.audit_records(&filter(), None, 2).await.unwrap();
    assert_eq!(times(&newest), [at(3), at(2)]);
    let before = Some(newest[1].seq);
    let oldest = store.audit_records(&filter(), before, 2).await.unwrap();
    assert_eq!(times(&oldest), [at(1)]);
}

pub(super) async fn forgetting_a_person_leaves_their_pseudonym(store: impl Store) {
    let key = key();
    store.sign_in(sign_in("a"), at(0)).await.unwrap();
    store
        .append(vec![record(Some("1"), None, 1)])
        .await
        .unwrap();
    assert!(seal(&store, &key, 10).await);
    let before = all(&store).await;
    let forgotten = store.forget(&subject("1"), &logout_notice(), at(2)).await;
    assert!(forgotten.unwrap().is_some());
    let after = all(&store).await;
    assert_eq!(after[0].pseudonym, before[0].pseudonym);
    assert_eq!(after[0].person, None);
    assert_eq!(verify(&store, &key).await, 1);
    store
        .append(vec![record(Some("1"), None, 3)])
        .await
        .unwrap();
    assert_ne!(all(&store).await[0].pseudonym, before[0].pseudonym);
}

pub(super) async fn blocks_seal_records_in_order(store: impl Store) {
    let key = key();
    assert_eq!(store.last_block().await.unwrap(), None);
    for second in 1..=5 {
        store
            .append(vec![record(Some("7"), None, second)])
            .await
            .unwrap();
    }
    for left in [3, 1, 0] {
        assert!(seal(&store, &key, 2).await);
        assert_eq!(store.unsealed_records(9).await.unwrap().len(), left);
    }
    assert_eq!(verify(&store, &key).await, 3);
    let first = store.records_of_block(1).await.unwrap();
    assert_eq!(times(&first), [at(1), at(2)]);
    assert_eq!(store.blocks(1, 1).await.unwrap()[0].number, 2);
    assert_eq!(store.records_beyond(3).await.unwrap(), 0);
    assert_eq!(store.records_beyond(1).await.unwrap(), 3);
}

pub(super) async fn of_two_who_seal_one_succeeds(store: impl Store) {
    let key = key();
    let records = [record(None, None, 1), record(None, None, 2)];
    store.append(records.into()).await.unwrap();
    let records = store.unsealed_records(9).await.unwrap();
    let sealable = Sealable::new(&records).unwrap();
    let block = sealable.seal(None, &key, at(900));
    assert!(store.seal(block).await.unwrap());
    assert!(!store.seal(block).await.unwrap(), "the block is there");
    let later = sealable.seal(Some(&block.block), &key, at(900));
    assert!(!store.seal(later).await.unwrap(), "the records are sealed");
    store.append(vec![record(None, None, 3)]).await.unwrap();
    let records = store.unsealed_records(9).await.unwrap();
    let again = Sealable::new(&records).unwrap().seal(None, &key, at(900));
    assert!(!store.seal(again).await.unwrap(), "the number is taken");
    assert_eq!(verify(&store, &key).await, 1);
    assert_eq!(store.unsealed_records(9).await.unwrap().len(), 1);
}

pub(super) async fn old_blocks_are_pruned_and_the_chain_still_holds(store: impl Store) {
    let key = key();
    for second in [10, 20, 30] {
        store
            .append(vec![record(None, None, second)])
            .await
            .unwrap();
        assert!(seal(&store, &key, 9).await);
    }
    assert!(!store.prune_block(at(10)).await.unwrap());
    for before in [at(11), at(21)] {
        assert!(store.prune_block(before).await.unwrap());
        assert!(!store.prune_block(before).await.unwrap());
    }
    assert_eq!(times(&all(&store).await), [at(30)]);
    assert_eq!(verify(&store, &key).await, 2);
    let [boundary, kept] = store.blocks(0, 9).await.unwrap().try_into().unwrap();
    assert!(boundary.is_pruned && !kept.is_pruned);
    assert_eq!((boundary.number, boundary.newest_at), (2, at(20)));
}
