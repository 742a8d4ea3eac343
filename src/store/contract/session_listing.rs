//! The listing of sessions.

use openidconnect::ClientId;

use super::fixture::{at, digest, issue, logout_notice, sid, sign_in, signed_in, subject};
use crate::login::sign_in::SignIn;
use crate::session::{EndedSession, ListedSession, SessionFilter};
use crate::store::{SessionBatches, Store};

/// [`sign_in`] of another person, in a browser of theirs.
fn sign_in_of(id: &str, name: &str) -> SignIn {
    let mut request = sign_in(name);
    request.session.user.identity.subject = subject(id);
    request.session.user_agent = digest(name);
    request
}

fn client(id: &str) -> ClientId {
    ClientId::new(id.to_owned())
}

/// The sids that `filter` selects, with their persons, read `limit` at a time.
async fn read(store: &impl Store, filter: SessionFilter, limit: u32) -> Vec<String> {
    let mut read: Vec<ListedSession> = Vec::new();
    loop {
        let after = read
            .last()
            .map(|last| (last.session.user.subject(), &last.session.sid));
        let batch = store.sessions(&filter, after, limit).await.unwrap();
        assert!(batch.len() <= limit as usize);
        if batch.is_empty() {
            break;
        }
        read.extend(batch);
    }
    let names = read
        .iter()
        .map(|one| format!("{}:{}", one.session.user.subject(), one.session.sid));
    names.collect()
}

pub(super) async fn sessions_are_listed_in_order_and_in_batches(store: impl Store) {
    for (id, name) in [("2", "b"), ("10", "d"), ("2", "a"), ("1", "c"), ("B", "e")] {
        signed_in(&store, sign_in_of(id, name)).await;
    }
    let all = ["1:c", "10:d", "2:a", "2:b", "B:e"];
    for limit in [1, 2, 3, 9] {
        assert_eq!(read(&store, SessionFilter::All, limit).await, all);
    }
    let mut batches = SessionBatches::of(&store, SessionFilter::All);
    assert_eq!(batches.next().await.unwrap().len(), all.len());
    assert_eq!(batches.next().await.unwrap(), []);
}

pub(super) async fn sessions_are_found_by_person_client_and_sid(store: impl Store) {
    for (id, name) in [("1", "a"), ("2", "b"), ("2", "c")] {
        signed_in(&store, sign_in_of(id, name)).await;
    }
    issue(&store, "code", "b").await;
    let with_grafana = SessionFilter::With(client("grafana"));
    let found = store.sessions(&with_grafana, None, 9).await.unwrap();
    let session = store.session(&digest("b"), at(1)).await.unwrap().unwrap();
    let clients = vec![client("grafana")];
    assert_eq!(found, [ListedSession { session, clients }]);
    for (filter, expected) in [
        (SessionFilter::Of(subject("2")), &["2:b", "2:c"][..]),
        (SessionFilter::Of(subject("3")), &[]),
        (SessionFilter::With(client("wiki")), &[]),
        (SessionFilter::With(client("")), &[]),
        (SessionFilter::Sid(sid("c")), &["2:c"]),
        (SessionFilter::Sid(sid("")), &[]),
    ] {
        assert_eq!(
            read(&store, filter.clone(), 1).await,
            expected,
            "{filter:?}"
        );
    }
}

pub(super) async fn an_expired_session_is_listed_until_it_is_swept(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    assert_eq!(store.session(&digest("a"), at(1000)).await.unwrap(), None);
    assert_eq!(read(&store, SessionFilter::All, 9).await, ["1:a"]);
}

pub(super) async fn several_sessions_end_at_once(store: impl Store) {
    for (id, name) in [("1", "a"), ("2", "b"), ("3", "c")] {
        signed_in(&store, sign_in_of(id, name)).await;
    }
    issue(&store, "code", "a").await;
    let sids = vec![sid("a"), sid("unknown"), sid("b"), sid("a")];
    let ended = store.end_sessions(sids, &logout_notice()).await.unwrap();
    let told = |one: &EndedSession| {
        (
            one.sid.to_string(),
            one.subject.to_string(),
            one.leased.len(),
        )
    };
    let ended: Vec<_> = ended.iter().map(told).collect();
    let of = |sid: &str, id: &str, leased| (sid.to_owned(), id.to_owned(), leased);
    assert_eq!(ended, [of("a", "1", 1), of("b", "2", 0)]);
    for (name, lives) in [("a", false), ("b", false), ("c", true)] {
        let session = store.session(&digest(name), at(1)).await.unwrap();
        assert_eq!(session.is_some(), lives, "{name}");
    }
    let none = store
        .end_sessions(Vec::new(), &logout_notice())
        .await
        .unwrap();
    assert_eq!(none, []);
}
