//! Refresh token families: reuse of a replaced token outside the grace period revokes the family
//! (N35), and concurrent refreshes never start a second one (N36); docs/security.md.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::fixture::{
    at, digest, grafana, grant, logout_notice, offline_grant, sid, sign_in, signed_in,
};
use crate::oauth::grant::Grant;
use crate::store::{CodeRedemption, NewFamily, RefreshOutcome, Rotation, Store};

/// Redeems a code for `grant`. The family "family" begins with the token "1", which expires at 100; the
/// grant expires at 900.
async fn begin(store: &impl Store, grant: Grant) {
    let code = digest("code");
    store.issue(&code, grant, at(60)).await.unwrap();
    let family = NewFamily {
        family: digest("family"),
        token: digest("1"),
        expires_at: at(100),
        retain_until: at(900),
    };
    let outcome = store
        .redeem(&code, &grafana(), Some(family), at(60), at(0))
        .await
        .unwrap();
    assert!(matches!(outcome, CodeRedemption::Granted(_)));
}

/// Presents `token` at `seconds`, to be replaced by `successor`, which expires 100 later. The grace
/// period is 10.
async fn rotate(store: &impl Store, token: &str, successor: &str, seconds: i64) -> RefreshOutcome {
    let rotation = Rotation {
        family: digest("family"),
        presented: digest(token),
        successor: digest(successor),
        expires_at: at(seconds + 100),
        grace_since: at(seconds - 10),
    };
    store.rotate(rotation, at(seconds)).await.unwrap()
}

async fn is_active(store: &impl Store, seconds: i64) -> bool {
    let found = store.family(&digest("family"), at(seconds)).await.unwrap();
    let grant = store
        .active_grant(&digest("code"), at(seconds))
        .await
        .unwrap();
    assert!(found.is_none() || grant.is_some());
    found.is_some()
}

#[track_caller]
fn assert_granted(rotated: &RefreshOutcome) {
    assert!(
        matches!(rotated, RefreshOutcome::Granted(..)),
        "{rotated:?}"
    );
}

pub(super) async fn a_refresh_token_is_replaced_by_its_successor(store: impl Store) {
    let (session, _) = signed_in(&store, sign_in("a")).await;
    begin(&store, offline_grant("a")).await;
    let found = store.family(&digest("family"), at(1)).await.unwrap();
    let found = found.unwrap();
    assert_eq!(found.granted.user, session.user);
    assert_eq!(
        (found.id, found.latest, found.expires_at),
        (digest("code"), digest("1"), at(100))
    );
    let RefreshOutcome::Granted(id, granted) = rotate(&store, "1", "2", 50).await else {
        panic!("it was good");
    };
    assert_eq!((id, granted.user), (digest("code"), session.user));
    assert_granted(&rotate(&store, "2", "3", 100).await);
    assert_granted(&rotate(&store, "3", "4", 199).await);
    let found = store.family(&digest("family"), at(298)).await.unwrap();
    assert_eq!(found.unwrap().latest, digest("4"));
    assert!(!is_active(&store, 299).await, "it lay unused for too long");
    assert!(matches!(
        rotate(&store, "4", "5", 299).await,
        RefreshOutcome::Unknown
    ));
}

pub(super) async fn a_replaced_token_may_be_presented_again_within_the_grace_period(
    store: impl Store,
) {
    signed_in(&store, sign_in("a")).await;
    begin(&store, offline_grant("a")).await;
    assert_granted(&rotate(&store, "1", "2", 50).await);
    assert_granted(&rotate(&store, "1", "2", 59).await);
    assert_granted(&rotate(&store, "2", "3", 60).await);
    assert!(is_active(&store, 60).await);
}

pub(super) async fn reuse_after_the_grace_period_revokes_the_family(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    begin(&store, offline_grant("a")).await;
    assert_granted(&rotate(&store, "1", "2", 50).await);
    let RefreshOutcome::Reused(client) = rotate(&store, "1", "2", 60).await else {
        panic!("it was used");
    };
    assert_eq!(client.as_str(), "grafana");
    assert!(!is_active(&store, 60).await);
    assert!(matches!(
        rotate(&store, "2", "3", 61).await,
        RefreshOutcome::Unknown
    ));
}

/// A clock was ahead when the token was replaced, and was set right.
pub(super) async fn a_token_that_was_replaced_in_the_future_has_no_grace_period(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    begin(&store, offline_grant("a")).await;
    assert_granted(&rotate(&store, "1", "2", 90).await);
    assert_granted(&rotate(&store, "1", "2", 30).await);
    assert!(matches!(
        rotate(&store, "1", "2", 29).await,
        RefreshOutcome::Reused(_)
    ));
}

pub(super) async fn reuse_of_an_older_token_revokes_the_family_at_any_time(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    begin(&store, offline_grant("a")).await;
    assert_granted(&rotate(&store, "1", "2", 50).await);
    assert_granted(&rotate(&store, "2", "3", 51).await);
    assert!(matches!(
        rotate(&store, "1", "2", 52).await,
        RefreshOutcome::Reused(_)
    ));
    assert!(!is_active(&store, 52).await);
}

pub(super) async fn concurrent_refreshes_all_get_the_same_successor(store: impl Store + 'static) {
    signed_in(&store, sign_in("a")).await;
    begin(&store, offline_grant("a")).await;
    let store = Arc::new(store);
    let mut refreshes = JoinSet::new();
    for _ in 0..24 {
        let store = Arc::clone(&store);
        refreshes.spawn(async move { rotate(&*store, "1", "2", 50).await });
    }
    for rotated in refreshes.join_all().await {
        assert_granted(&rotated);
    }
    assert_granted(&rotate(&*store, "2", "3", 100).await);
}

pub(super) async fn a_family_expires_with_its_grant(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    begin(&store, offline_grant("a")).await;
    for (token, seconds) in (1..).zip([99, 198, 297, 396, 495, 594, 693, 792, 891]) {
        let (token, successor) = (format!("{token}"), format!("{}", token + 1));
        assert_granted(&rotate(&store, &token, &successor, seconds).await);
    }
    assert!(is_active(&store, 899).await);
    assert!(!is_active(&store, 900).await);
}

pub(super) async fn a_family_that_is_not_offline_ends_with_its_session(store: impl Store) {
    let mut short = sign_in("a");
    short.session.expires_at = at(10);
    signed_in(&store, short).await;
    let mut bound = grant("a");
    bound.issues_refresh_token = true;
    begin(&store, bound).await;
    assert!(is_active(&store, 9).await);
    assert!(!is_active(&store, 10).await);
}

pub(super) async fn an_ended_session_ends_even_an_offline_family(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    begin(&store, offline_grant("a")).await;
    assert!(is_active(&store, 1).await);
    store
        .end(&sid("a"), &logout_notice())
        .await
        .unwrap()
        .unwrap();
    assert!(!is_active(&store, 1).await);
}

pub(super) async fn a_grant_that_is_not_refreshable_begins_no_family(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    begin(&store, grant("a")).await;
    assert!(!is_active(&store, 1).await);
    assert!(matches!(
        rotate(&store, "1", "2", 2).await,
        RefreshOutcome::Unknown
    ));
}
