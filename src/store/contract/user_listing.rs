//! The roll of people.

use panda_oidc_sdk::{Identity, Subject};

use crate::directory::{Change, Presence};
use crate::links;
use crate::links::{Edit, Place};
use crate::scim::UserRow;
use crate::store::contract::fixture::{at, digest, farewell, sign_in, signed_in, subject};
use crate::store::{DirectoryLease, Store};

/// The directory lists these people.
async fn listed(store: &impl Store, ids: &[&str]) {
    let lease = DirectoryLease {
        holder: digest("reader"),
        until: at(10_000),
    };
    let changes = ids.iter().map(|id| {
        Change::Listed(Identity {
            subject: subject(id),
            name: Some(format!("用户{id}")),
            phone: None,
        })
    });
    assert!(store.lease_directory(lease, at(0)).await.unwrap());
    assert!(store.stage(lease, changes.collect()).await.unwrap());
    assert!(store.accept(lease, at(0)).await.unwrap());
    let done = store.carry_out(lease, 1000, &farewell()).await.unwrap();
    assert_eq!(done.unwrap().changes, ids.len());
}

async fn linked(store: &impl Store, id: &str, client: Option<&str>, username: &str) {
    let place = Place {
        subject: subject(id),
        client: client.map(str::to_owned),
    };
    let edit = Edit {
        username: Some(username.to_owned()),
        ..Edit::default()
    };
    let joined = store.join([links::Change { place, edit }].into(), at(0));
    joined.await.unwrap();
}

fn names(entries: &[UserRow]) -> Vec<(&str, Option<&str>)> {
    let names = entries.iter().map(|entry| {
        let link = entry.link.as_ref();
        (
            entry.person.user.subject().as_str(),
            link.and_then(|link| link.username.as_deref()),
        )
    });
    names.collect()
}

pub(super) async fn an_entry_has_the_account_for_all_clients_alone(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    listed(&store, &["2", "3"]).await;
    linked(&store, "1", None, "chentao").await;
    linked(&store, "1", Some("grafana"), "ct").await;
    linked(&store, "2", Some("grafana"), "zw").await;
    // A link may be there before the person is known.
    linked(&store, "9", None, "nobody").await;
    let all = store.user_rows(None, 9).await.unwrap();
    assert_eq!(
        names(&all),
        [("1", Some("chentao")), ("2", None), ("3", None)]
    );
    for entry in all {
        let subject = entry.person.user.subject().clone();
        assert_eq!(store.user_row(&subject).await.unwrap(), Some(entry.clone()));
        assert_eq!(store.person(&subject).await.unwrap(), Some(entry.person));
    }
    assert_eq!(store.user_row(&subject("9")).await.unwrap(), None);
}

pub(super) async fn entries_are_read_by_parts(store: impl Store) {
    let ids = ["1", "10", "2", "B", "a"];
    listed(&store, &["a", "2", "10", "B", "1"]).await;
    let mut read = Vec::new();
    let mut last: Option<Subject> = None;
    loop {
        let part = store.user_rows(last.as_ref(), 2).await.unwrap();
        let Some(end) = part.last() else { break };
        last = Some(end.person.user.subject().clone());
        read.extend(part);
    }
    assert!(
        read.iter()
            .all(|one| one.person.presence == Presence::Listed)
    );
    let read: Vec<_> = names(&read).into_iter().map(|(id, _)| id).collect();
    assert_eq!(read, ids);
    assert_eq!(store.user_rows(None, 0).await.unwrap(), []);
}

pub(super) async fn people_are_counted_and_passed_by(store: impl Store) {
    assert_eq!(store.user_count().await.unwrap(), 0);
    assert_eq!(store.seek(None, 1).await.unwrap(), None);
    listed(&store, &["a", "2", "10", "B", "1"]).await;
    assert_eq!(store.user_count().await.unwrap(), 5);
    for (after, steps, there) in [
        (None, 0, None),
        (None, 1, Some("1")),
        (None, 4, Some("B")),
        (None, 5, Some("a")),
        (None, 6, None),
        (Some("2"), 0, None),
        (Some("2"), 1, Some("B")),
        (Some("15"), 1, Some("2")),
        (Some("2"), 3, None),
    ] {
        let after = after.map(subject);
        let reached = store.seek(after.as_ref(), steps).await.unwrap();
        assert_eq!(reached, there.map(subject), "{after:?} {steps}");
    }
}
