//! The listing of people.

use panda_oidc_sdk::{Identity, Subject};

use crate::directory::{Change, Presence};
use crate::links;
use crate::links::{Edit, LinkKey};
use crate::scim::UserRow;
use crate::store::contract::fixture::{at, digest, logout_notice, sign_in, signed_in, subject};
use crate::store::{DirectoryLease, Store};

/// Lists these people in the directory.
async fn list_people(store: &impl Store, ids: &[&str]) {
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
    let done = store
        .apply_accepted(lease, 1000, &logout_notice())
        .await
        .unwrap();
    assert_eq!(done.unwrap().changes, ids.len());
}

async fn link_username(store: &impl Store, id: &str, client: Option<&str>, username: &str) {
    let link_key = LinkKey {
        subject: subject(id),
        client: client.map(str::to_owned),
    };
    let edit = Edit {
        username: Some(username.to_owned()),
        ..Edit::default()
    };
    let joined = store.apply([links::LinkChange { link_key, edit }].into(), at(0));
    joined.await.unwrap();
}

fn usernames(rows: &[UserRow]) -> Vec<(&str, Option<&str>)> {
    let usernames = rows.iter().map(|row| {
        let link = row.link.as_ref();
        (
            row.person.user.subject().as_str(),
            link.and_then(|link| link.username.as_deref()),
        )
    });
    usernames.collect()
}

pub(super) async fn a_user_row_has_only_the_account_for_all_clients(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    list_people(&store, &["2", "3"]).await;
    link_username(&store, "1", None, "chentao").await;
    link_username(&store, "1", Some("grafana"), "ct").await;
    link_username(&store, "2", Some("grafana"), "zw").await;
    // A link may exist before its person is known.
    link_username(&store, "9", None, "nobody").await;
    let all = store.user_rows(None, 9).await.unwrap();
    assert_eq!(
        usernames(&all),
        [("1", Some("chentao")), ("2", None), ("3", None)]
    );
    for row in all {
        let subject = row.person.user.subject().clone();
        assert_eq!(store.user_row(&subject).await.unwrap(), Some(row.clone()));
        assert_eq!(store.person(&subject).await.unwrap(), Some(row.person));
    }
    assert_eq!(store.user_row(&subject("9")).await.unwrap(), None);
}

pub(super) async fn user_rows_are_read_in_batches(store: impl Store) {
    let ids = ["1", "10", "2", "B", "a"];
    list_people(&store, &["a", "2", "10", "B", "1"]).await;
    let mut read = Vec::new();
    let mut last: Option<Subject> = None;
    loop {
        let batch = store.user_rows(last.as_ref(), 2).await.unwrap();
        let Some(end) = batch.last() else { break };
        last = Some(end.person.user.subject().clone());
        read.extend(batch);
    }
    assert!(
        read.iter()
            .all(|one| one.person.presence == Presence::Listed)
    );
    let read: Vec<_> = usernames(&read).into_iter().map(|(id, _)| id).collect();
    assert_eq!(read, ids);
    assert_eq!(store.user_rows(None, 0).await.unwrap(), []);
}

pub(super) async fn people_are_counted_and_skipped(store: impl Store) {
    assert_eq!(store.user_count().await.unwrap(), 0);
    assert_eq!(store.seek(None, 1).await.unwrap(), None);
    list_people(&store, &["a", "2", "10", "B", "1"]).await;
    assert_eq!(store.user_count().await.unwrap(), 5);
    for (after, steps, expected) in [
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
        assert_eq!(reached, expected.map(subject), "{after:?} {steps}");
    }
}
