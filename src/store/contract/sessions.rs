//! Sessions and the handles that open them.

use std::sync::Arc;

use openidconnect::ClientId;
use tokio::task::JoinSet;

use super::fixture::{at, digest, end, grant, logout_notice, sid, sign_in, signed_in, subject};
use crate::login::sign_in::ContinuedSession;
use crate::session::{Delivery, EndedSession};
use crate::store::Store;

pub(super) async fn a_session_is_found_only_by_its_handle(store: impl Store) {
    let (session, ended) = signed_in(&store, sign_in("a")).await;
    assert_eq!((&session, ended), (&sign_in("a").session, vec![]));
    let found = store.session(&digest("a"), at(1)).await.unwrap();
    assert_eq!(found, Some(session));
    assert_eq!(store.session(&digest("b"), at(1)).await.unwrap(), None);
}

pub(super) async fn an_expired_session_is_not_found(store: impl Store) {
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

/// A clock was ahead when the session began, and was set right.
pub(super) async fn a_session_of_the_future_is_not_found_and_can_be_continued(store: impl Store) {
    let mut ahead = sign_in("a");
    ahead.session.auth_time = at(600);
    signed_in(&store, ahead).await;
    let found = async |seconds| {
        let found = store.session(&digest("a"), at(seconds)).await.unwrap();
        found.is_some()
    };
    assert!(!found(0).await && !found(199).await);
    assert!(found(200).await, "it is ahead by no more than it lives");
    let mut request = sign_in("b");
    request.continues = ContinuedSession::AnyInUserAgent;
    let (session, _) = signed_in(&store, request).await;
    assert_eq!(session.sid, sid("a"));
    assert!(found(0).await);
}

pub(super) async fn a_continued_session_keeps_its_sid(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    let mut request = sign_in("b");
    request.continues = ContinuedSession::Current(sid("a"));
    request.session.auth_time = at(10);
    request.session.expires_at = at(2000);
    request.session.ticket = digest("another ticket");
    let mut expected = request.session.clone();
    expected.sid = sid("a");

    let (session, ended) = signed_in(&store, request).await;
    assert_eq!((&session, ended), (&expected, vec![]));
    let found = store.session(&digest("b"), at(1500)).await.unwrap();
    assert_eq!(found, Some(session));
    assert_eq!(store.end(&sid("b"), &logout_notice()).await.unwrap(), []);
}

pub(super) async fn continuing_an_ended_session_begins_a_new_one(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    end(&store, "a").await;
    let mut request = sign_in("b");
    request.continues = ContinuedSession::Current(sid("a"));
    let (session, _) = signed_in(&store, request).await;
    assert_eq!(session.sid, sid("b"));
    let found = store.session(&digest("b"), at(1)).await.unwrap();
    assert_eq!(found, Some(session));
    assert_eq!(store.session(&digest("a"), at(1)).await.unwrap(), None);
}

pub(super) async fn continuing_an_expired_session_begins_a_new_one(store: impl Store) {
    let mut old = sign_in("a");
    old.session.expires_at = at(-1);
    signed_in(&store, old).await;
    let mut request = sign_in("b");
    request.continues = ContinuedSession::Current(sid("a"));
    let (session, _) = signed_in(&store, request).await;
    assert_eq!(session.sid, sid("b"));
    assert_eq!(store.session(&digest("a"), at(1)).await.unwrap(), None);
}

pub(super) async fn a_session_is_never_continued_for_another_user(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    let mut request = sign_in("b");
    request.continues = ContinuedSession::Current(sid("a"));
    request.session.user_agent = digest("another browser");
    request.session.user.identity.subject = subject("2");
    let (session, _) = signed_in(&store, request).await;
    assert_eq!(session.sid, sid("b"));
    let old = store.session(&digest("a"), at(1)).await.unwrap().unwrap();
    assert_eq!(*old.user.subject(), subject("1"));
}

pub(super) async fn a_browser_without_its_cookie_continues_its_session(store: impl Store) {
    let in_browser = |name, browser: &str| {
        let mut request = sign_in(name);
        request.continues = ContinuedSession::AnyInUserAgent;
        request.session.user_agent = digest(browser);
        request
    };
    signed_in(&store, in_browser("a", "one")).await;
    let (session, ended) = signed_in(&store, in_browser("b", "one")).await;
    assert_eq!((session.sid, ended), (sid("a"), Vec::new()));
    let (session, _) = signed_in(&store, in_browser("c", "two")).await;
    assert_eq!(session.sid, sid("c"), "another browser");
    let mut of_client = in_browser("d", "one");
    of_client.continues = ContinuedSession::None;
    let (session, _) = signed_in(&store, of_client).await;
    assert_eq!(session.sid, sid("d"), "a client");
    store.end(&sid("a"), &logout_notice()).await.unwrap();
    for handle in ["a", "b"] {
        let found = store.session(&digest(handle), at(1)).await.unwrap();
        assert_eq!(found, None, "both cookies opened the same session");
    }
}

pub(super) async fn a_retired_handle_works_until_its_deadline(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    let mut request = sign_in("b");
    request.continues = ContinuedSession::Current(sid("a"));
    request.retired_handle = Some((digest("a"), at(30)));
    let (session, _) = signed_in(&store, request).await;
    let found = store.session(&digest("a"), at(29)).await.unwrap();
    assert_eq!(found.as_ref(), Some(&session));
    assert_eq!(store.session(&digest("a"), at(30)).await.unwrap(), None);
    let found = store.session(&digest("b"), at(30)).await.unwrap();
    assert_eq!(found, Some(session));
}

pub(super) async fn retiring_a_handle_again_never_extends_it(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    for (new, until) in [("b", 30), ("c", 60)] {
        let mut request = sign_in(new);
        request.continues = ContinuedSession::Current(sid("a"));
        request.retired_handle = Some((digest("a"), at(until)));
        signed_in(&store, request).await;
    }
    assert_eq!(store.session(&digest("a"), at(30)).await.unwrap(), None);
}

pub(super) async fn a_handle_that_is_not_retired_opens_the_continued_session(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    let mut request = sign_in("b");
    request.continues = ContinuedSession::Current(sid("a"));
    request.session.expires_at = at(2000);
    let (session, _) = signed_in(&store, request).await;
    let found = store.session(&digest("a"), at(1500)).await.unwrap();
    assert_eq!(found, Some(session));
}

pub(super) async fn a_change_of_user_ends_the_old_session(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    store
        .issue(&digest("code"), grant("a"), at(60))
        .await
        .unwrap();
    let mut request = sign_in("b");
    request.session.user.identity.subject = subject("2");
    let (session, ended) = signed_in(&store, request.clone()).await;
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

    request.session.sid = sid("c");
    request.handle = digest("c");
    let (_, ended) = signed_in(&store, request).await;
    assert_eq!(ended, [], "it had ended already");
}

pub(super) async fn updated_at_changes_only_when_the_identity_changes(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    let mut request = sign_in("b");
    request.session.user.updated_at = at(50);
    let (session, _) = signed_in(&store, request.clone()).await;
    assert_eq!(session.user.updated_at, at(0));

    request.session.sid = sid("c");
    request.handle = digest("c");
    request.session.user.identity.phone = None;
    let (session, _) = signed_in(&store, request.clone()).await;
    assert_eq!(session.user.updated_at, at(50));

    request.session.sid = sid("d");
    request.handle = digest("d");
    request.session.user.updated_at = at(60);
    request.session.user.identity.name = Some("陈涛涛".to_owned());
    let (session, _) = signed_in(&store, request).await;
    assert_eq!(session.user.updated_at, at(60));
}

pub(super) async fn a_session_has_the_latest_identity_of_its_user(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    let mut request = sign_in("b");
    request.session.user.identity.name = None;
    request.session.user.updated_at = at(50);
    let (newer, _) = signed_in(&store, request).await;
    let older = store.session(&digest("a"), at(60)).await.unwrap().unwrap();
    assert_eq!(older.user, newer.user);
}

pub(super) async fn an_ended_session_is_not_found_by_any_handle(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    let mut request = sign_in("b");
    request.continues = ContinuedSession::Current(sid("a"));
    signed_in(&store, request).await;
    signed_in(&store, sign_in("c")).await;

    let ended = end(&store, "a").await;
    assert_eq!((ended.sid, ended.subject), (sid("a"), subject("1")));
    for handle in ["a", "b"] {
        assert_eq!(store.session(&digest(handle), at(1)).await.unwrap(), None);
    }
    assert!(store.session(&digest("c"), at(1)).await.unwrap().is_some());
    assert_eq!(store.end(&sid("a"), &logout_notice()).await.unwrap(), []);
}

pub(super) async fn an_ended_session_lists_each_client_once(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    for (code, client) in [("x", "wiki"), ("y", "grafana"), ("z", "wiki")] {
        let mut grant = grant("a");
        grant.client_id = ClientId::new(client.to_owned());
        let code = digest(code);
        store.issue(&code, grant, at(60)).await.unwrap();
    }
    // The grants are forgotten long before the session.
    store.sweep(at(400)).await.unwrap();
    let listed = store.session_clients(&sid("a")).await.unwrap();
    let ended = end(&store, "a").await;
    let clients: Vec<_> = ended.clients.iter().map(|id| id.as_str()).collect();
    assert_eq!(clients, ["grafana", "wiki"]);
    assert_eq!(listed, ended.clients);
    assert!(store.session_clients(&sid("a")).await.unwrap().is_empty());
}

pub(super) async fn of_concurrent_end_calls_one_ends_the_session(store: impl Store + 'static) {
    signed_in(&store, sign_in("a")).await;
    let store = Arc::new(store);
    let mut calls = JoinSet::new();
    for _ in 0..16 {
        let store = Arc::clone(&store);
        calls.spawn(async move { store.end(&sid("a"), &logout_notice()).await.unwrap() });
    }
    let ended = calls.join_all().await;
    assert_eq!(ended.iter().flatten().count(), 1);
}

pub(super) async fn an_expired_session_can_still_be_ended(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    store.sweep(at(1000)).await.unwrap();
    assert_eq!(end(&store, "a").await.sid, sid("a"));
}

/// Somebody who signs in again after the session has expired has two, and signs out of both.
pub(super) async fn the_end_of_a_session_is_that_of_earlier_ones_of_the_user_in_the_browser(
    store: impl Store,
) {
    let begun_at = |name, seconds| {
        let mut request = sign_in(name);
        request.session.auth_time = at(seconds);
        request.session.expires_at = at(seconds + 10);
        request
    };
    let mut elsewhere = begun_at("elsewhere", 0);
    elsewhere.session.user_agent = digest("another browser");
    for request in [begun_at("first", 0), begun_at("second", 20), elsewhere] {
        signed_in(&store, request).await;
    }
    for (code, session) in [("x", "first"), ("y", "second")] {
        let code = digest(code);
        store.issue(&code, grant(session), at(60)).await.unwrap();
    }
    signed_in(&store, begun_at("third", 30)).await;

    let last = |browser: &str| {
        let browser = digest(browser);
        let store = &store;
        async move { store.last_in(&browser).await.unwrap().map(|last| last.sid) }
    };
    assert_eq!(last("browser of 1").await, Some(sid("third")));
    assert_eq!(last("another browser").await, Some(sid("elsewhere")));
    assert_eq!(last("a third browser").await, None);
    let listed = store.session_clients(&sid("second")).await.unwrap();
    assert_eq!(listed.len(), 1, "one client of both: {listed:?}");

    let ended = store.end(&sid("second"), &logout_notice()).await.unwrap();
    let ended: Vec<_> = ended.into_iter().map(|ended| ended.sid).collect();
    assert_eq!(ended, [sid("second"), sid("first")]);
    assert_eq!(
        last("browser of 1").await,
        Some(sid("third")),
        "a later one"
    );
    end(&store, "third").await;
    assert_eq!(last("browser of 1").await, None);
    assert_eq!(last("another browser").await, Some(sid("elsewhere")));
}

/// On a shared computer, the old session may have expired or its cookie may be lost, but its clients
/// still have sessions of their own and must be notified.
pub(super) async fn a_sign_in_ends_every_session_of_other_users_in_the_browser(store: impl Store) {
    let another = || {
        let mut request = sign_in("other");
        request.session.user.identity.subject = subject("2");
        request
    };
    for name in ["lives", "ran out"] {
        let mut request = sign_in(name);
        request.session.expires_at = at(if name == "lives" { 1000 } else { 1 });
        signed_in(&store, request).await;
    }
    let mut elsewhere = sign_in("elsewhere");
    elsewhere.session.user_agent = digest("another browser");
    signed_in(&store, elsewhere).await;
    store.sweep(at(500)).await.unwrap();

    let (_, ended) = signed_in(&store, another()).await;
    let mut ended: Vec<_> = ended.into_iter().map(|ended| ended.sid).collect();
    ended.sort();
    assert_eq!(ended, [sid("lives"), sid("ran out")]);
    let elsewhere = store.session(&digest("elsewhere"), at(1)).await.unwrap();
    assert!(elsewhere.is_some());
}
