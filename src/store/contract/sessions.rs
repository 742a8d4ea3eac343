//! Sessions and the handles that open them.

use std::sync::Arc;

use openidconnect::ClientId;
use tokio::task::JoinSet;

use super::fixture::{at, digest, farewell, grant, sid, sign_in, signed_in, subject};
use crate::session::{Delivery, EndedSession};
use crate::store::Store;

pub(super) async fn a_session_is_found_by_its_handle_alone(store: impl Store) {
    let (session, ended) = signed_in(&store, sign_in("a")).await;
    assert_eq!((&session, ended), (&sign_in("a").session, vec![]));
    let found = store.session(&digest("a"), at(1)).await.unwrap();
    assert_eq!(found, Some(session));
    assert_eq!(store.session(&digest("b"), at(1)).await.unwrap(), None);
}

pub(super) async fn an_expired_session_opens_nothing(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    assert!(
        store
            .session(&digest("a"), at(999))
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(store.session(&digest("a"), at(1000)).await.unwrap(), None);
}

pub(super) async fn a_session_can_go_on_under_its_name(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    let mut asked = sign_in("b");
    asked.continues = Some(sid("a"));
    asked.session.auth_time = at(10);
    asked.session.expires_at = at(2000);
    asked.session.ticket = digest("another ticket");
    let mut expected = asked.session.clone();
    expected.sid = sid("a");

    let (session, ended) = signed_in(&store, asked).await;
    assert_eq!((&session, ended), (&expected, vec![]));
    let found = store.session(&digest("b"), at(1500)).await.unwrap();
    assert_eq!(found, Some(session));
    assert_eq!(store.end(&sid("b"), &farewell()).await.unwrap(), None);
}

pub(super) async fn a_session_that_ended_meanwhile_begins_as_a_new_one(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    store.end(&sid("a"), &farewell()).await.unwrap().unwrap();
    let mut asked = sign_in("b");
    asked.continues = Some(sid("a"));
    let (session, _) = signed_in(&store, asked).await;
    assert_eq!(session.sid, sid("b"));
    let found = store.session(&digest("b"), at(1)).await.unwrap();
    assert_eq!(found, Some(session));
    assert_eq!(store.session(&digest("a"), at(1)).await.unwrap(), None);
}

pub(super) async fn an_expired_session_does_not_go_on(store: impl Store) {
    let mut old = sign_in("a");
    old.session.expires_at = at(-1);
    signed_in(&store, old).await;
    let mut asked = sign_in("b");
    asked.continues = Some(sid("a"));
    let (session, _) = signed_in(&store, asked).await;
    assert_eq!(session.sid, sid("b"));
    assert_eq!(store.session(&digest("a"), at(1)).await.unwrap(), None);
}

pub(super) async fn a_session_never_goes_on_as_another_users(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    let mut asked = sign_in("b");
    asked.continues = Some(sid("a"));
    asked.place = digest("another browser");
    asked.session.user.identity.subject = subject("2");
    let (session, _) = signed_in(&store, asked).await;
    assert_eq!(session.sid, sid("b"));
    let old = store.session(&digest("a"), at(1)).await.unwrap().unwrap();
    assert_eq!(*old.user.subject(), subject("1"));
}

pub(super) async fn a_retired_handle_opens_the_session_a_little_longer(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    let mut asked = sign_in("b");
    asked.continues = Some(sid("a"));
    asked.retires = Some((digest("a"), at(30)));
    let (session, _) = signed_in(&store, asked).await;
    let found = store.session(&digest("a"), at(29)).await.unwrap();
    assert_eq!(found.as_ref(), Some(&session));
    assert_eq!(store.session(&digest("a"), at(30)).await.unwrap(), None);
    let found = store.session(&digest("b"), at(30)).await.unwrap();
    assert_eq!(found, Some(session));
}

pub(super) async fn retiring_a_handle_never_prolongs_it(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    for (new, until) in [("b", 30), ("c", 60)] {
        let mut asked = sign_in(new);
        asked.continues = Some(sid("a"));
        asked.retires = Some((digest("a"), at(until)));
        signed_in(&store, asked).await;
    }
    assert_eq!(store.session(&digest("a"), at(30)).await.unwrap(), None);
}

pub(super) async fn an_unretired_handle_opens_the_prolonged_session(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    let mut asked = sign_in("b");
    asked.continues = Some(sid("a"));
    asked.session.expires_at = at(2000);
    let (session, _) = signed_in(&store, asked).await;
    let found = store.session(&digest("a"), at(1500)).await.unwrap();
    assert_eq!(found, Some(session));
}

pub(super) async fn a_change_of_user_ends_the_old_session(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    store
        .issue(&digest("code"), grant("a"), at(60), at(300))
        .await
        .unwrap();
    let mut asked = sign_in("b");
    asked.session.user.identity.subject = subject("2");
    let (session, ended) = signed_in(&store, asked.clone()).await;
    assert_eq!(*session.user.subject(), subject("2"));
    let grafana = ClientId::new("grafana".to_owned());
    let expected = EndedSession {
        sid: sid("a"),
        subject: subject("1"),
        clients: vec![grafana.clone()],
        leased: vec![Delivery {
            sid: sid("a"),
            subject: subject("1"),
            client_id: grafana,
            attempts: 1,
            expires_at: at(1000),
        }],
    };
    assert_eq!(ended, [expected]);
    assert_eq!(store.session(&digest("a"), at(1)).await.unwrap(), None);

    asked.session.sid = sid("c");
    asked.handle = digest("c");
    let (_, ended) = signed_in(&store, asked).await;
    assert_eq!(ended, [], "it had ended already");
}

pub(super) async fn updated_at_moves_only_when_something_changed(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    let mut asked = sign_in("b");
    asked.session.user.updated_at = at(50);
    let (session, _) = signed_in(&store, asked.clone()).await;
    assert_eq!(session.user.updated_at, at(0));

    asked.session.sid = sid("c");
    asked.handle = digest("c");
    asked.session.user.identity.phone = None;
    let (session, _) = signed_in(&store, asked.clone()).await;
    assert_eq!(session.user.updated_at, at(50));

    asked.session.sid = sid("d");
    asked.handle = digest("d");
    asked.session.user.updated_at = at(60);
    asked.session.user.identity.name = Some("陈涛涛".to_owned());
    let (session, _) = signed_in(&store, asked).await;
    assert_eq!(session.user.updated_at, at(60));
}

pub(super) async fn a_session_shows_its_user_as_last_heard_of(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    let mut asked = sign_in("b");
    asked.session.user.identity.name = None;
    asked.session.user.updated_at = at(50);
    let (newer, _) = signed_in(&store, asked).await;
    let older = store.session(&digest("a"), at(60)).await.unwrap().unwrap();
    assert_eq!(older.user, newer.user);
}

pub(super) async fn an_ended_session_opens_nothing(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    let mut asked = sign_in("b");
    asked.continues = Some(sid("a"));
    signed_in(&store, asked).await;
    signed_in(&store, sign_in("c")).await;

    let ended = store.end(&sid("a"), &farewell()).await.unwrap().unwrap();
    assert_eq!((ended.sid, ended.subject), (sid("a"), subject("1")));
    for handle in ["a", "b"] {
        assert_eq!(store.session(&digest(handle), at(1)).await.unwrap(), None);
    }
    assert!(store.session(&digest("c"), at(1)).await.unwrap().is_some());
    assert_eq!(store.end(&sid("a"), &farewell()).await.unwrap(), None);
}

pub(super) async fn an_ended_session_names_its_clients_once_each(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    for (code, client) in [("x", "wiki"), ("y", "grafana"), ("z", "wiki")] {
        let mut grant = grant("a");
        grant.client_id = ClientId::new(client.to_owned());
        let code = digest(code);
        store.issue(&code, grant, at(60), at(300)).await.unwrap();
    }
    // The grants are forgotten long before the session.
    store.sweep(at(400)).await.unwrap();
    let ended = store.end(&sid("a"), &farewell()).await.unwrap().unwrap();
    let clients: Vec<_> = ended.clients.iter().map(|id| id.as_str()).collect();
    assert_eq!(clients, ["grafana", "wiki"]);
}

pub(super) async fn of_many_who_end_a_session_one_does(store: impl Store + 'static) {
    signed_in(&store, sign_in("a")).await;
    let store = Arc::new(store);
    let mut enders = JoinSet::new();
    for _ in 0..16 {
        let store = Arc::clone(&store);
        enders.spawn(async move { store.end(&sid("a"), &farewell()).await.unwrap() });
    }
    let ended = enders.join_all().await;
    assert_eq!(ended.iter().flatten().count(), 1);
}

pub(super) async fn a_session_that_ran_out_can_be_ended(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    store.sweep(at(1000)).await.unwrap();
    let ended = store.end(&sid("a"), &farewell()).await.unwrap();
    assert_eq!(ended.map(|ended| ended.sid), Some(sid("a")));
}

/// F6: the browser may have lost the handle, or the session may have run out; its clients go on.
pub(super) async fn a_browser_that_is_taken_over_keeps_nothing_of_others(store: impl Store) {
    let another = || {
        let mut asked = sign_in("other");
        asked.session.user.identity.subject = subject("2");
        asked
    };
    for name in ["lives", "ran out"] {
        let mut asked = sign_in(name);
        asked.session.expires_at = at(if name == "lives" { 1000 } else { 1 });
        signed_in(&store, asked).await;
    }
    let mut elsewhere = sign_in("elsewhere");
    elsewhere.place = digest("another browser");
    signed_in(&store, elsewhere).await;
    store.sweep(at(500)).await.unwrap();

    let (_, ended) = signed_in(&store, another()).await;
    let mut ended: Vec<_> = ended.into_iter().map(|ended| ended.sid).collect();
    ended.sort();
    assert_eq!(ended, [sid("lives"), sid("ran out")]);
    let elsewhere = store.session(&digest("elsewhere"), at(1)).await.unwrap();
    assert!(elsewhere.is_some());
}
