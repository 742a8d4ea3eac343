//! Refresh tokens in families (the field notes' N35, N36, N38).

use std::sync::Arc;

use tokio::task::JoinSet;

use super::fixture::{at, digest, farewell, grant, offline_grant, sid, sign_in, signed_in};
use crate::oauth::grant::Grant;
use crate::store::{CodeRedemption, NewFamily, RefreshOutcome, Rotation, Store};

/// Redeems a code for `grant`: the family "family" begins with the token "1", good until 100; the
/// grant until 900.
async fn begin(store: &impl Store, grant: Grant) {
    let code = digest("code");
    store.issue(&code, grant, at(60), at(60)).await.unwrap();
    let family = NewFamily {
        family: digest("family"),
        token: digest("1"),
        expires_at: at(100),
        retain_until: at(900),
    };
    let taken = store.redeem(&code, Some(family), at(0)).await.unwrap();
    assert!(matches!(taken, CodeRedemption::Granted(_)));
}

/// `token` is presented and shall be followed by `successor`, good for 100; the grace is 10.
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

async fn lives(store: &impl Store, seconds: i64) -> bool {
    let found = store.family(&digest("family"), at(seconds)).await.unwrap();
    let stands = store
        .active_grant(&digest("code"), at(seconds))
        .await
        .unwrap();
    assert!(found.is_none() || stands.is_some());
    found.is_some()
}

#[track_caller]
fn good(rotated: &RefreshOutcome) {
    assert!(
        matches!(rotated, RefreshOutcome::Granted(..)),
        "{rotated:?}"
    );
}

pub(super) async fn a_refresh_token_is_followed_by_the_next(store: impl Store) {
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
    good(&rotate(&store, "2", "3", 100).await);
    good(&rotate(&store, "3", "4", 199).await);
    let found = store.family(&digest("family"), at(298)).await.unwrap();
    assert_eq!(found.unwrap().latest, digest("4"));
    assert!(!lives(&store, 299).await, "it lay unused for too long");
    assert!(matches!(
        rotate(&store, "4", "5", 299).await,
        RefreshOutcome::Unknown
    ));
}

pub(super) async fn within_the_grace_a_token_may_come_again(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    begin(&store, offline_grant("a")).await;
    good(&rotate(&store, "1", "2", 50).await);
    good(&rotate(&store, "1", "2", 59).await);
    good(&rotate(&store, "2", "3", 60).await);
    assert!(lives(&store, 60).await);
}

pub(super) async fn after_the_grace_a_token_that_comes_again_ends_its_family(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    begin(&store, offline_grant("a")).await;
    good(&rotate(&store, "1", "2", 50).await);
    let RefreshOutcome::Reused(client) = rotate(&store, "1", "2", 60).await else {
        panic!("it was used");
    };
    assert_eq!(client.as_str(), "grafana");
    assert!(!lives(&store, 60).await);
    assert!(matches!(
        rotate(&store, "2", "3", 61).await,
        RefreshOutcome::Unknown
    ));
}

pub(super) async fn a_token_older_than_the_last_ends_its_family_at_any_time(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    begin(&store, offline_grant("a")).await;
    good(&rotate(&store, "1", "2", 50).await);
    good(&rotate(&store, "2", "3", 51).await);
    assert!(matches!(
        rotate(&store, "1", "2", 52).await,
        RefreshOutcome::Reused(_)
    ));
    assert!(!lives(&store, 52).await);
}

pub(super) async fn of_many_who_refresh_at_once_all_get_one_successor(store: impl Store + 'static) {
    signed_in(&store, sign_in("a")).await;
    begin(&store, offline_grant("a")).await;
    let store = Arc::new(store);
    let mut refreshes = JoinSet::new();
    for _ in 0..24 {
        let store = Arc::clone(&store);
        refreshes.spawn(async move { rotate(&*store, "1", "2", 50).await });
    }
    for rotated in refreshes.join_all().await {
        good(&rotated);
    }
    good(&rotate(&*store, "2", "3", 100).await);
}

pub(super) async fn a_family_lives_no_longer_than_its_grant(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    begin(&store, offline_grant("a")).await;
    for (token, seconds) in (1..).zip([99, 198, 297, 396, 495, 594, 693, 792, 891]) {
        let (token, successor) = (format!("{token}"), format!("{}", token + 1));
        good(&rotate(&store, &token, &successor, seconds).await);
    }
    assert!(lives(&store, 899).await);
    assert!(!lives(&store, 900).await);
}

pub(super) async fn a_family_dies_with_its_session_unless_it_is_offline(store: impl Store) {
    let mut short = sign_in("a");
    short.session.expires_at = at(10);
    signed_in(&store, short).await;
    let mut bound = grant("a");
    bound.refreshable = true;
    begin(&store, bound).await;
    assert!(lives(&store, 9).await);
    assert!(!lives(&store, 10).await);
}

pub(super) async fn an_ended_session_and_a_revoked_grant_end_the_family(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    begin(&store, offline_grant("a")).await;
    assert!(lives(&store, 1).await);
    store.end(&sid("a"), &farewell()).await.unwrap().unwrap();
    assert!(!lives(&store, 1).await);
}

pub(super) async fn a_grant_that_is_not_refreshable_begins_no_family(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    begin(&store, grant("a")).await;
    assert!(!lives(&store, 1).await);
    assert!(matches!(
        rotate(&store, "1", "2", 2).await,
        RefreshOutcome::Unknown
    ));
}
