//! Authorization codes and grants: a code that is presented twice revokes its tokens (N21), one of
//! several concurrent redemptions succeeds (N22), and an old code is refused (N29); docs/security.md.

use std::sync::Arc;

use openidconnect::ClientId;
use tokio::task::JoinSet;

use super::fixture::{at, digest, end, grafana, grant, issue, offline_grant, sign_in, signed_in};
use crate::oauth::grant::{ActiveGrant, Grant};
use crate::store::{CodeRedemption, NewFamily, Store};

async fn redeem(store: &impl Store, code: &str, seconds: i64) -> CodeRedemption {
    store
        .redeem(&digest(code), &grafana(), None, at(300), at(seconds))
        .await
        .unwrap()
}

async fn redeem_granted(store: &impl Store, code: &str, seconds: i64) -> ActiveGrant {
    match redeem(store, code, seconds).await {
        CodeRedemption::Granted(granted) => *granted,
        other => panic!("{other:?}"),
    }
}

async fn is_active(store: &impl Store, code: &str, seconds: i64) -> bool {
    let granted = store
        .active_grant(&digest(code), at(seconds))
        .await
        .unwrap();
    granted.is_some()
}

pub(super) async fn a_code_is_redeemed_once(store: impl Store) {
    let (session, _) = signed_in(&store, sign_in("a")).await;
    issue(&store, "code", "a").await;
    let granted = redeem_granted(&store, "code", 1).await;
    assert_eq!(granted.user, session.user);
    let CodeRedemption::Reused(client) = redeem(&store, "code", 2).await else {
        panic!("it was taken twice");
    };
    assert_eq!(client.as_str(), "grafana");
}

/// Others than its client see a code: it stands in addresses.
pub(super) async fn a_code_is_unknown_to_another_client(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    issue(&store, "code", "a").await;
    let wiki = ClientId::new("wiki".to_owned());
    let redeem_elsewhere = async || {
        let code = digest("code");
        let redeemed = store.redeem(&code, &wiki, None, at(300), at(1)).await;
        assert!(matches!(redeemed.unwrap(), CodeRedemption::Unknown));
    };
    redeem_elsewhere().await;
    redeem_granted(&store, "code", 1).await;
    redeem_elsewhere().await;
    assert!(is_active(&store, "code", 1).await);
}

pub(super) async fn of_concurrent_redemptions_one_succeeds(store: impl Store + 'static) {
    signed_in(&store, sign_in("a")).await;
    let store = Arc::new(store);
    for round in 0..8 {
        let code = format!("code {round}");
        issue(&*store, &code, "a").await;
        let mut redeemers = JoinSet::new();
        for _ in 0..24 {
            let store = Arc::clone(&store);
            let code = code.clone();
            redeemers.spawn(async move { redeem(&*store, &code, 1).await });
        }
        let outcomes = redeemers.join_all().await;
        let won = |outcome: &&CodeRedemption| matches!(outcome, CodeRedemption::Granted(_));
        let reused = |outcome: &&CodeRedemption| matches!(outcome, CodeRedemption::Reused(_));
        assert_eq!(outcomes.iter().filter(won).count(), 1);
        assert_eq!(outcomes.iter().filter(reused).count(), 23);
        assert!(!is_active(&*store, &code, 1).await);
    }
}

pub(super) async fn reuse_of_a_code_revokes_its_grant(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    issue(&store, "code", "a").await;
    redeem_granted(&store, "code", 1).await;
    assert!(is_active(&store, "code", 1).await);
    for seconds in [2, 3] {
        assert!(matches!(
            redeem(&store, "code", seconds).await,
            CodeRedemption::Reused(_)
        ));
        assert!(!is_active(&store, "code", seconds).await);
    }
}

pub(super) async fn reuse_is_detected_after_the_code_has_expired(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    issue(&store, "code", "a").await;
    redeem_granted(&store, "code", 1).await;
    assert!(matches!(
        redeem(&store, "code", 299).await,
        CodeRedemption::Reused(_)
    ));
    assert!(!is_active(&store, "code", 299).await);
}

pub(super) async fn a_code_is_unknown_after_its_retention_time(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    issue(&store, "code", "a").await;
    redeem_granted(&store, "code", 1).await;
    assert!(matches!(
        redeem(&store, "code", 300).await,
        CodeRedemption::Unknown
    ));
}

pub(super) async fn an_expired_code_is_unknown(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    issue(&store, "code", "a").await;
    assert!(matches!(
        redeem(&store, "code", 60).await,
        CodeRedemption::Unknown
    ));
    // A late attempt does not spend the code: only the time of a redemption decides.
    redeem_granted(&store, "code", 59).await;
}

/// A clock was ahead when the code was issued or redeemed, and was set right.
pub(super) async fn a_grant_of_the_future_does_not_count(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    store
        .issue(&digest("code"), grant("a"), at(500))
        .await
        .unwrap();
    for seconds in [0, 379] {
        let redeemed = redeem(&store, "code", seconds).await;
        assert!(matches!(redeemed, CodeRedemption::Unknown), "{seconds}");
    }
    let (code, client) = (digest("code"), grafana());
    let redeemed = store.redeem(&code, &client, None, at(900), at(499)).await;
    assert!(matches!(redeemed.unwrap(), CodeRedemption::Granted(_)));
    assert!(!is_active(&store, "code", 97).await);
    assert!(
        is_active(&store, "code", 98).await,
        "it is ahead by no more than it lives"
    );
}

pub(super) async fn a_code_that_was_never_issued_is_unknown(store: impl Store) {
    assert!(matches!(
        redeem(&store, "code", 0).await,
        CodeRedemption::Unknown
    ));
    assert!(!is_active(&store, "code", 0).await);
}

pub(super) async fn a_code_is_unknown_once_its_session_is_over(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    issue(&store, "code", "a").await;
    end(&store, "a").await;
    assert!(matches!(
        redeem(&store, "code", 1).await,
        CodeRedemption::Unknown
    ));

    issue(&store, "late", "a").await;
    assert!(matches!(
        redeem(&store, "late", 1).await,
        CodeRedemption::Unknown
    ));

    let mut short = sign_in("b");
    short.session.expires_at = at(10);
    signed_in(&store, short).await;
    issue(&store, "last", "b").await;
    assert!(matches!(
        redeem(&store, "last", 10).await,
        CodeRedemption::Unknown
    ));
}

pub(super) async fn a_grant_is_active_once_its_code_is_redeemed(store: impl Store) {
    let (session, _) = signed_in(&store, sign_in("a")).await;
    issue(&store, "code", "a").await;
    assert!(!is_active(&store, "code", 1).await);
    redeem_granted(&store, "code", 1).await;
    let granted = store.active_grant(&digest("code"), at(299)).await.unwrap();
    let granted = granted.unwrap();
    assert_eq!(granted.user, session.user);
    assert_eq!(granted.grant.client_id.as_str(), "grafana");
    assert!(!is_active(&store, "code", 300).await);
}

pub(super) async fn a_grant_is_inactive_once_its_session_is_over(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    issue(&store, "code", "a").await;
    redeem_granted(&store, "code", 1).await;
    end(&store, "a").await;
    assert!(!is_active(&store, "code", 2).await);
    assert!(matches!(
        redeem(&store, "code", 2).await,
        CodeRedemption::Reused(_)
    ));

    let mut short = sign_in("b");
    short.session.expires_at = at(10);
    signed_in(&store, short).await;
    issue(&store, "last", "b").await;
    redeem_granted(&store, "last", 9).await;
    assert!(!is_active(&store, "last", 10).await);
}

pub(super) async fn a_grant_has_the_latest_identity_of_its_user(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    issue(&store, "code", "a").await;
    let mut request = sign_in("b");
    request.session.user.identity.name = Some("陈涛涛".to_owned());
    request.session.user.updated_at = at(5);
    let (newer, _) = signed_in(&store, request).await;
    let granted = redeem_granted(&store, "code", 6).await;
    assert_eq!(granted.user, newer.user);
    let granted = store.active_grant(&digest("code"), at(7)).await.unwrap();
    assert_eq!(granted.unwrap().user, newer.user);
}

pub(super) async fn a_grant_is_read_back_unchanged(store: impl Store) {
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
        store.issue(&code, issued.clone(), at(60)).await.unwrap();
        let CodeRedemption::Granted(redeemed) = store
            .redeem(&code, &grafana(), None, at(300), at(1))
            .await
            .unwrap()
        else {
            panic!("it was good");
        };
        let read = store.active_grant(&code, at(1)).await.unwrap().unwrap();
        for grant in [redeemed.grant, read.grant] {
            assert_eq!(grant.client_id, issued.client_id);
            assert_eq!(grant.sid, issued.sid);
            assert_eq!(grant.subject, issued.subject);
            assert_eq!(grant.issues_refresh_token, issued.issues_refresh_token);
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

async fn issue_redeemed(
    store: &impl Store,
    id: &str,
    grant: Grant,
    seconds: i64,
) -> Option<ActiveGrant> {
    let family = NewFamily {
        family: digest("family"),
        token: digest("first"),
        expires_at: at(400),
        retain_until: at(500),
    };
    store
        .issue_redeemed(&digest(id), grant, family, at(300), at(seconds))
        .await
        .unwrap()
}

pub(super) async fn a_grant_without_a_code_is_active_at_once(store: impl Store) {
    let (session, _) = signed_in(&store, sign_in("a")).await;
    let granted = issue_redeemed(&store, "grant", grant("a"), 1).await;
    let granted = granted.unwrap();
    assert_eq!(granted.user, session.user);
    assert_eq!(granted.grant.client_id.as_str(), "grafana");
    assert!(is_active(&store, "grant", 299).await);
    assert!(!is_active(&store, "grant", 300).await);
    let family = store.family(&digest("family"), at(1)).await.unwrap();
    assert!(family.is_none(), "the grant is not refreshable");
    let clients = end(&store, "a").await.clients;
    assert_eq!(clients.len(), 1, "the session has its client");
    assert!(!is_active(&store, "grant", 2).await);
}

pub(super) async fn a_refreshable_grant_without_a_code_begins_its_family(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    let granted = issue_redeemed(&store, "grant", offline_grant("a"), 1).await;
    assert!(granted.is_some());
    let family = store.family(&digest("family"), at(1)).await.unwrap();
    let family = family.unwrap();
    assert_eq!(
        (family.id, family.latest),
        (digest("grant"), digest("first"))
    );
    assert!(is_active(&store, "grant", 499).await);
    assert!(!is_active(&store, "grant", 500).await);
}

pub(super) async fn no_grant_without_a_code_is_issued_once_the_session_is_over(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    for (id, grant, seconds) in [
        ("expired", grant("a"), 1000),
        ("expired offline", offline_grant("a"), 1000),
        ("never was", offline_grant("b"), 1),
    ] {
        assert!(
            issue_redeemed(&store, id, grant, seconds).await.is_none(),
            "{id}"
        );
        assert!(!is_active(&store, id, 1).await, "{id}");
        let family = store.family(&digest("family"), at(1)).await.unwrap();
        assert!(family.is_none(), "{id}");
    }
}

pub(super) async fn reuse_of_one_code_leaves_other_grants_active(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    for code in ["x", "y"] {
        issue(&store, code, "a").await;
    }
    for _ in 0..2 {
        redeem(&store, "x", 1).await;
    }
    redeem_granted(&store, "y", 1).await;
    assert!(is_active(&store, "y", 1).await);
}

pub(super) async fn a_revoked_grant_is_inactive(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    for code in ["x", "y"] {
        issue(&store, code, "a").await;
        redeem_granted(&store, code, 1).await;
    }
    store.revoke(&digest("x")).await.unwrap();
    store.revoke(&digest("never was")).await.unwrap();
    assert!(!is_active(&store, "x", 2).await);
    assert!(is_active(&store, "y", 2).await);
}

pub(super) async fn an_offline_grant_outlives_an_expired_session_but_not_an_ended_one(
    store: impl Store,
) {
    signed_in(&store, sign_in("a")).await;
    let code = digest("code");
    store
        .issue(&code, offline_grant("a"), at(60))
        .await
        .unwrap();
    store
        .redeem(&code, &grafana(), None, at(5000), at(1))
        .await
        .unwrap();
    assert!(is_active(&store, "code", 1000).await, "the session is over");
    end(&store, "a").await;
    assert!(!is_active(&store, "code", 1000).await, "it was ended");
}
