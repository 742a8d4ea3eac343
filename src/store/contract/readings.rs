//! Readings of the directory: the lease, staged changes and the report.

use std::sync::Arc;

use panda_oidc_sdk::Identity;
use tokio::task::JoinSet;

use super::fixture::{at, digest, logout_notice, subject};
use crate::directory::{Anomaly, Blocked, Change, Outcome, Person, Presence, Report};
use crate::store::{DirectoryLease, Store};

/// A person as the directory lists them.
pub(super) fn identity(id: &str, name: &str) -> Identity {
    Identity {
        subject: subject(id),
        name: Some(name.to_owned()),
        phone: None,
    }
}

fn lease(holder: &str, until: i64) -> DirectoryLease {
    DirectoryLease {
        holder: digest(holder),
        until: at(until),
    }
}

/// Applies `changes` as one reading at `now`. Returns the number of sessions that ended.
pub(super) async fn apply_reading(store: &impl Store, changes: Vec<Change>, now: i64) -> usize {
    let lease = lease("reader", 10_000);
    assert!(store.lease_directory(lease, at(now)).await.unwrap());
    assert!(store.stage(lease, changes).await.unwrap());
    assert!(store.accept(lease, at(now)).await.unwrap());
    let mut ended = 0;
    loop {
        let done = store
            .apply_accepted(lease, 2, &logout_notice())
            .await
            .unwrap();
        let done = done.unwrap();
        ended += done.ended.len();
        if done.changes == 0 {
            break;
        }
    }
    store.release_directory(&lease.holder).await.unwrap();
    ended
}

pub(super) async fn person(store: &impl Store, id: &str) -> Option<Person> {
    store.person(&subject(id)).await.unwrap()
}

pub(super) async fn a_reading_takes_effect_only_once_it_is_accepted(store: impl Store) {
    let lease = lease("reader", 60);
    assert!(store.lease_directory(lease, at(0)).await.unwrap());
    let listed = vec![
        Change::Listed(identity("1", "陈涛")),
        Change::Listed(identity("2", "张伟")),
    ];
    assert!(store.stage(lease, listed.clone()).await.unwrap());
    let done = store
        .apply_accepted(lease, 10, &logout_notice())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(done.changes, 0, "nobody accepted it");
    assert_eq!(person(&store, "1").await, None);
    assert_eq!(store.discard(lease, 1).await.unwrap(), Some(1));
    assert_eq!(store.discard(lease, 9).await.unwrap(), Some(1));
    assert_eq!(store.discard(lease, 9).await.unwrap(), Some(0));
    assert!(store.stage(lease, listed).await.unwrap());
    assert!(store.accept(lease, at(5)).await.unwrap());
    assert_eq!(
        store.discard(lease, 9).await.unwrap(),
        Some(0),
        "it has to be carried out"
    );
    let done = store
        .apply_accepted(lease, 1, &logout_notice())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(done.changes, 1);
    let done = store
        .apply_accepted(lease, 10, &logout_notice())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(done.changes, 1);
    let one = person(&store, "1").await.unwrap();
    assert_eq!(
        (one.presence, one.user.updated_at),
        (Presence::Listed, at(5))
    );
    assert_eq!(one.user.identity, identity("1", "陈涛"));
}

pub(super) async fn of_concurrent_holders_one_gets_the_lease(store: impl Store + 'static) {
    let store = Arc::new(store);
    let mut race = JoinSet::new();
    for holder in 0..16 {
        let store = Arc::clone(&store);
        race.spawn(async move {
            let lease = lease(&holder.to_string(), 60);
            store.lease_directory(lease, at(0)).await.unwrap()
        });
    }
    let won = race.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
}

pub(super) async fn a_holder_that_lost_the_lease_changes_nothing(store: impl Store) {
    let (slow, quick) = (lease("slow", 60), lease("quick", 120));
    assert!(store.lease_directory(slow, at(0)).await.unwrap());
    assert!(!store.lease_directory(quick, at(59)).await.unwrap());
    assert!(
        store
            .stage(slow, vec![Change::Listed(identity("1", "陈涛"))])
            .await
            .unwrap()
    );
    assert!(store.lease_directory(quick, at(60)).await.unwrap());
    let more = vec![Change::Listed(identity("2", "张伟"))];
    assert!(!store.stage(slow, more).await.unwrap());
    assert!(!store.accept(slow, at(61)).await.unwrap());
    assert_eq!(store.discard(slow, 9).await.unwrap(), None);
    assert_eq!(
        store
            .apply_accepted(slow, 9, &logout_notice())
            .await
            .unwrap(),
        None
    );
    store.release_directory(&slow.holder).await.unwrap();
    assert_eq!(store.discard(quick, 9).await.unwrap(), Some(1));
    store.release_directory(&quick.holder).await.unwrap();
    assert!(store.lease_directory(slow, at(62)).await.unwrap());
}

pub(super) async fn a_step_renews_the_lease(store: impl Store) {
    assert!(store.lease_directory(lease("a", 60), at(0)).await.unwrap());
    assert!(store.stage(lease("a", 100), Vec::new()).await.unwrap());
    assert!(
        !store
            .lease_directory(lease("b", 200), at(99))
            .await
            .unwrap()
    );
    assert!(
        store
            .lease_directory(lease("b", 200), at(100))
            .await
            .unwrap()
    );
}

pub(super) async fn the_latest_report_is_kept(store: impl Store) {
    assert_eq!(store.report().await.unwrap(), None);
    for cause in ["the portal is down", "again"] {
        let report = Report {
            at: at(1),
            complete_at: Some(at(0)),
            blocked: Some(Blocked {
                missing: 3,
                anomaly: Anomaly::Unstable,
            }),
            outcome: Outcome::Failed {
                why: cause.to_owned(),
            },
        };
        store.save_report(&report).await.unwrap();
        assert_eq!(store.report().await.unwrap(), Some(report));
    }
}
