//! Maintenance: sweeps, pings and closing.

use crate::login::sign_in::ContinuedSession;
use crate::store::contract::fixture::{
    at, claim, digest, end, grafana, grant, issue, logout_notice, offline_grant, sid, sign_in,
    sign_in_with, signed_in,
};
use crate::store::{CodeRedemption, EXPIRED_SESSION_RETENTION, Store};

pub(super) async fn a_sweep_removes_only_what_has_expired(store: impl Store) {
    // A session until 1000, with a ticket until 500, a handle until 30 and a grant, which is redeemed and kept until 300.
    signed_in(&store, sign_in_with("a", "t", "first")).await;
    let mut request = sign_in("b");
    request.continues = ContinuedSession::Current(sid("a"));
    request.retired_handle = Some((digest("a"), at(30)));
    signed_in(&store, request).await;
    issue(&store, "code", "a").await;

    assert_eq!(store.sweep(at(29)).await.unwrap(), 0);
    assert_eq!(store.sweep(at(30)).await.unwrap(), 1, "the handle");
    assert!(matches!(
        store
            .redeem(&digest("code"), &grafana(), None, at(300), at(59))
            .await
            .unwrap(),
        CodeRedemption::Granted(_)
    ));
    assert_eq!(store.sweep(at(299)).await.unwrap(), 0);
    assert_eq!(store.sweep(at(300)).await.unwrap(), 1, "the grant");
    assert_eq!(store.sweep(at(500)).await.unwrap(), 1, "the ticket");
    assert!(
        store
            .session(&digest("b"), at(999))
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(store.sweep(at(1000)).await.unwrap(), 0, "its clients go on");
    let removed = store
        .sweep(at(1000) + EXPIRED_SESSION_RETENTION)
        .await
        .unwrap();
    assert_eq!(removed, 3, "the session, its other handle and its client");
    assert_eq!(
        store
            .sweep(at(9999) + EXPIRED_SESSION_RETENTION)
            .await
            .unwrap(),
        0
    );

    // The rows are really gone: they are not found even if the clock is set back.
    assert_eq!(store.session(&digest("b"), at(0)).await.unwrap(), None);
    assert_eq!(store.owner(&digest("t"), at(0)).await.unwrap(), None);
}

pub(super) async fn a_code_that_is_not_redeemed_leaves_no_grant(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    for (code, grant) in [("online", grant("a")), ("offline", offline_grant("a"))] {
        store.issue(&digest(code), grant, at(60)).await.unwrap();
    }
    assert_eq!(store.sweep(at(59)).await.unwrap(), 0);
    assert_eq!(store.sweep(at(60)).await.unwrap(), 2);
}

pub(super) async fn a_sweep_removes_more_than_one_batch(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    for number in 0..450 {
        let code = digest(&number.to_string());
        store.issue(&code, grant("a"), at(1)).await.unwrap();
    }
    for number in 0..3 {
        let mut claim = claim(&number.to_string(), "first");
        claim.remember_until = at(1);
        assert!(store.claim(claim, at(0)).await.unwrap());
    }
    assert_eq!(store.sweep(at(2)).await.unwrap(), 453);
    assert!(store.session(&digest("a"), at(2)).await.unwrap().is_some());
}

pub(super) async fn a_working_store_answers_a_ping(store: impl Store) {
    store.ping().await.unwrap();
    signed_in(&store, sign_in("a")).await;
    store.ping().await.unwrap();
    assert!(store.session(&digest("a"), at(1)).await.unwrap().is_some());
}

pub(super) async fn a_closed_store_refuses_every_call(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    store.close().await.unwrap();
    assert!(store.session(&digest("a"), at(1)).await.is_err());
    assert!(store.end(&sid("a"), &logout_notice()).await.is_err());
    assert!(store.ping().await.is_err());
    assert!(store.close().await.is_err());
}

pub(super) async fn a_session_is_kept_as_long_as_its_offline_grants(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    let end_of_retention = at(1000) + EXPIRED_SESSION_RETENTION;
    let code = digest("code");
    let grant = offline_grant("a");
    let retain_until = end_of_retention + chrono::TimeDelta::days(1);
    store.issue(&code, grant, at(60)).await.unwrap();
    store
        .redeem(&code, &grafana(), None, retain_until, at(1))
        .await
        .unwrap();
    store.sweep(end_of_retention).await.unwrap();
    assert!(
        store
            .active_grant(&code, end_of_retention)
            .await
            .unwrap()
            .is_some()
    );
    let ended = end(&store, "a").await;
    assert_eq!(ended.clients.len(), 1, "its client can still be told");
    assert!(
        store
            .active_grant(&code, end_of_retention)
            .await
            .unwrap()
            .is_none()
    );
    store.sweep(retain_until).await.unwrap();
}
