//! Codes and grants (the field notes' N21, N22, N29 and §5.3).

use std::sync::Arc;

use tokio::task::JoinSet;

use super::fixture::{at, digest, farewell, grant, issue, offline_grant, sid, sign_in, signed_in};
use crate::oauth::grant::ActiveGrant;
use crate::store::{CodeRedemption, Store};

async fn take(store: &impl Store, code: &str, seconds: i64) -> CodeRedemption {
    store
        .redeem(&digest(code), None, at(seconds))
        .await
        .unwrap()
}

async fn taken(store: &impl Store, code: &str, seconds: i64) -> ActiveGrant {
    match take(store, code, seconds).await {
        CodeRedemption::Granted(granted) => *granted,
        other => panic!("{other:?}"),
    }
}

async fn stands(store: &impl Store, code: &str, seconds: i64) -> bool {
    let granted = store
        .active_grant(&digest(code), at(seconds))
        .await
        .unwrap();
    granted.is_some()
}

pub(super) async fn a_code_is_redeemed_once(store: impl Store) {
    let (session, _) = signed_in(&store, sign_in("a")).await;
    issue(&store, "code", "a").await;
    let granted = taken(&store, "code", 1).await;
    assert_eq!(granted.user, session.user);
    let CodeRedemption::Reused(client) = take(&store, "code", 2).await else {
        panic!("it was taken twice");
    };
    assert_eq!(client.as_str(), "grafana");
}

pub(super) async fn of_many_redeemers_one_wins(store: impl Store + 'static) {
    signed_in(&store, sign_in("a")).await;
    let store = Arc::new(store);
    for round in 0..8 {
        let code = format!("code {round}");
        issue(&*store, &code, "a").await;
        let mut redeemers = JoinSet::new();
        for _ in 0..24 {
            let store = Arc::clone(&store);
            let code = code.clone();
            redeemers.spawn(async move { take(&*store, &code, 1).await });
        }
        let outcomes = redeemers.join_all().await;
        let won = |taken: &&CodeRedemption| matches!(taken, CodeRedemption::Granted(_));
        let reused = |taken: &&CodeRedemption| matches!(taken, CodeRedemption::Reused(_));
        assert_eq!(outcomes.iter().filter(won).count(), 1);
        assert_eq!(outcomes.iter().filter(reused).count(), 23);
        assert!(!stands(&*store, &code, 1).await);
    }
}

pub(super) async fn reuse_of_a_code_revokes_its_grant(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    issue(&store, "code", "a").await;
    taken(&store, "code", 1).await;
    assert!(stands(&store, "code", 1).await);
    for seconds in [2, 3] {
        assert!(matches!(
            take(&store, "code", seconds).await,
            CodeRedemption::Reused(_)
        ));
        assert!(!stands(&store, "code", seconds).await);
    }
}

pub(super) async fn reuse_is_noticed_after_the_code_has_expired(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    issue(&store, "code", "a").await;
    taken(&store, "code", 1).await;
    assert!(matches!(
        take(&store, "code", 299).await,
        CodeRedemption::Reused(_)
    ));
    assert!(!stands(&store, "code", 299).await);
}

pub(super) async fn a_forgotten_code_is_unknown(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    issue(&store, "code", "a").await;
    taken(&store, "code", 1).await;
    assert!(matches!(
        take(&store, "code", 300).await,
        CodeRedemption::Unknown
    ));
}

pub(super) async fn an_expired_code_is_unknown(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    issue(&store, "code", "a").await;
    assert!(matches!(
        take(&store, "code", 60).await,
        CodeRedemption::Unknown
    ));
    // Late is not spent: the clock decides, not the one who asked.
    taken(&store, "code", 59).await;
}

pub(super) async fn a_code_that_never_was_is_unknown(store: impl Store) {
    assert!(matches!(
        take(&store, "code", 0).await,
        CodeRedemption::Unknown
    ));
    assert!(!stands(&store, "code", 0).await);
}

pub(super) async fn a_code_dies_with_its_session(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    issue(&store, "code", "a").await;
    store.end(&sid("a"), &farewell()).await.unwrap().unwrap();
    assert!(matches!(
        take(&store, "code", 1).await,
        CodeRedemption::Unknown
    ));

    issue(&store, "late", "a").await;
    assert!(matches!(
        take(&store, "late", 1).await,
        CodeRedemption::Unknown
    ));

    let mut short = sign_in("b");
    short.session.expires_at = at(10);
    signed_in(&store, short).await;
    issue(&store, "last", "b").await;
    assert!(matches!(
        take(&store, "last", 10).await,
        CodeRedemption::Unknown
    ));
}

pub(super) async fn a_grant_stands_once_its_code_was_taken(store: impl Store) {
    let (session, _) = signed_in(&store, sign_in("a")).await;
    issue(&store, "code", "a").await;
    assert!(!stands(&store, "code", 1).await);
    taken(&store, "code", 1).await;
    let granted = store.active_grant(&digest("code"), at(299)).await.unwrap();
    let granted = granted.unwrap();
    assert_eq!(granted.user, session.user);
    assert_eq!(granted.grant.client_id.as_str(), "grafana");
    assert!(!stands(&store, "code", 300).await);
}

pub(super) async fn a_grant_dies_with_its_session(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    issue(&store, "code", "a").await;
    taken(&store, "code", 1).await;
    store.end(&sid("a"), &farewell()).await.unwrap().unwrap();
    assert!(!stands(&store, "code", 2).await);
    assert!(matches!(
        take(&store, "code", 2).await,
        CodeRedemption::Reused(_)
    ));

    let mut short = sign_in("b");
    short.session.expires_at = at(10);
    signed_in(&store, short).await;
    issue(&store, "last", "b").await;
    taken(&store, "last", 9).await;
    assert!(!stands(&store, "last", 10).await);
}

pub(super) async fn a_grant_shows_its_user_as_last_heard_of(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    issue(&store, "code", "a").await;
    let mut asked = sign_in("b");
    asked.session.user.identity.name = Some("陈涛涛".to_owned());
    asked.session.user.updated_at = at(5);
    let (newer, _) = signed_in(&store, asked).await;
    let granted = taken(&store, "code", 6).await;
    assert_eq!(granted.user, newer.user);
    let granted = store.active_grant(&digest("code"), at(7)).await.unwrap();
    assert_eq!(granted.unwrap().user, newer.user);
}

pub(super) async fn a_grant_is_read_back_to_the_letter(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    let mut bare = grant("a");
    bare.nonce = None;
    bare.challenge = None;
    bare.redirect_uri = "http://127.0.0.1:1/\u{e9}%C3%A9".to_owned();
    for (code, issued) in [
        ("full", grant("a")),
        ("bare", bare),
        ("offline", offline_grant("a")),
    ] {
        let code = digest(code);
        store
            .issue(&code, issued.clone(), at(60), at(300))
            .await
            .unwrap();
        let CodeRedemption::Granted(taken) = store.redeem(&code, None, at(1)).await.unwrap() else {
            panic!("it was good");
        };
        let read = store.active_grant(&code, at(1)).await.unwrap().unwrap();
        for grant in [taken.grant, read.grant] {
            assert_eq!(grant.client_id, issued.client_id);
            assert_eq!(grant.sid, issued.sid);
            assert_eq!(grant.subject, issued.subject);
            assert_eq!(grant.refreshable, issued.refreshable);
            assert_eq!(grant.resources, issued.resources);
            assert_eq!(grant.claims, issued.claims);
            assert_eq!(grant.acr, issued.acr);
            assert_eq!(grant.scopes, issued.scopes);
            assert_eq!(grant.redirect_uri, issued.redirect_uri);
            let nonce = |nonce: &openidconnect::Nonce| nonce.secret().clone();
            assert_eq!(
                grant.nonce.as_ref().map(nonce),
                issued.nonce.as_ref().map(nonce)
            );
            assert_eq!(grant.challenge, issued.challenge);
            assert_eq!(grant.auth_time, issued.auth_time);
        }
    }
}

pub(super) async fn one_code_spent_leaves_the_others(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    for code in ["x", "y"] {
        issue(&store, code, "a").await;
    }
    for _ in 0..2 {
        take(&store, "x", 1).await;
    }
    taken(&store, "y", 1).await;
    assert!(stands(&store, "y", 1).await);
}

pub(super) async fn a_revoked_grant_stands_no_more(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    for code in ["x", "y"] {
        issue(&store, code, "a").await;
        taken(&store, code, 1).await;
    }
    store.revoke(&digest("x")).await.unwrap();
    store.revoke(&digest("never was")).await.unwrap();
    assert!(!stands(&store, "x", 2).await);
    assert!(stands(&store, "y", 2).await);
}

pub(super) async fn an_offline_grant_outlives_a_session_that_runs_out(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    let code = digest("code");
    store
        .issue(&code, offline_grant("a"), at(60), at(5000))
        .await
        .unwrap();
    taken(&store, "code", 1).await;
    assert!(stands(&store, "code", 1000).await, "the session is over");
    store.end(&sid("a"), &farewell()).await.unwrap().unwrap();
    assert!(!stands(&store, "code", 1000).await, "it was ended");
}
