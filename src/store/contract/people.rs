//! The known people, and the directory readings that update them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use panda_oidc_sdk::Identity;
use tokio::task::JoinSet;

use super::fixture::{
    at, digest, grant, logout_notice, offline_grant, sid, sign_in, signed_in, subject,
};
use super::logout_deliveries::up_to;
use crate::directory::{Anomaly, Blocked, Change, Event, Outcome, Person, Presence, Report};
use crate::links;
use crate::links::{Edit, LinkKey};
use crate::login::sign_in::SignInOutcome;
use crate::session::DeliveryOutcome;
use crate::store::{DirectoryLease, Store};

fn identity(id: &str, name: &str) -> Identity {
    Identity {
        subject: subject(id),
        name: Some(name.to_owned()),
        phone: None,
    }
}

fn lease(holder: &str, until: i64) -> DirectoryLease {
    DirectoryLease {
        holder: digest(holder),
        until: at(until),
    }
}

/// Applies `changes` as one reading at `now`. Returns the number of sessions that ended.
async fn apply_reading(store: &impl Store, changes: Vec<Change>, now: i64) -> usize {
    let lease = lease("reader", 10_000);
    assert!(store.lease_directory(lease, at(now)).await.unwrap());
    assert!(store.stage(lease, changes).await.unwrap());
    assert!(store.accept(lease, at(now)).await.unwrap());
    let mut ended = 0;
    loop {
        let done = store
            .apply_accepted(lease, 2, &logout_notice())
            .await
            .unwrap();
        let done = done.unwrap();
        ended += done.ended.len();
        if done.changes == 0 {
            break;
        }
    }
    store.release_directory(&lease.holder).await.unwrap();
    ended
}

async fn person(store: &impl Store, id: &str) -> Option<Person> {
    store.person(&subject(id)).await.unwrap()
}

async fn presence(store: &impl Store, id: &str) -> Option<Presence> {
    person(store, id).await.map(|person| person.presence)
}

async fn events(store: &impl Store, id: &str) -> Vec<(DateTime<Utc>, Event)> {
    let history = store.history(&subject(id)).await.unwrap();
    history.into_iter().map(|one| (one.at, one.event)).collect()
}

pub(super) async fn a_person_who_signs_in_is_known_and_unlisted(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    assert_eq!(presence(&store, "1").await, Some(Presence::Unlisted));
    assert_eq!(presence(&store, "2").await, None);
}

pub(super) async fn a_reading_takes_effect_only_once_it_is_accepted(store: impl Store) {
    let lease = lease("reader", 60);
    assert!(store.lease_directory(lease, at(0)).await.unwrap());
    let listed = vec![
        Change::Listed(identity("1", "陈涛")),
        Change::Listed(identity("2", "张伟")),
    ];
    assert!(store.stage(lease, listed.clone()).await.unwrap());
    let done = store
        .apply_accepted(lease, 10, &logout_notice())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(done.changes, 0, "nobody accepted it");
    assert_eq!(person(&store, "1").await, None);
    assert_eq!(store.discard(lease, 1).await.unwrap(), Some(1));
    assert_eq!(store.discard(lease, 9).await.unwrap(), Some(1));
    assert_eq!(store.discard(lease, 9).await.unwrap(), Some(0));
    assert!(store.stage(lease, listed).await.unwrap());
    assert!(store.accept(lease, at(5)).await.unwrap());
    assert_eq!(
        store.discard(lease, 9).await.unwrap(),
        Some(0),
        "it has to be carried out"
    );
    let done = store
        .apply_accepted(lease, 1, &logout_notice())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(done.changes, 1);
    let done = store
        .apply_accepted(lease, 10, &logout_notice())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(done.changes, 1);
    let one = person(&store, "1").await.unwrap();
    assert_eq!(
        (one.presence, one.user.updated_at),
        (Presence::Listed, at(5))
    );
    assert_eq!(one.user.identity, identity("1", "陈涛"));
}

pub(super) async fn of_concurrent_holders_one_gets_the_lease(store: impl Store + 'static) {
    let store = Arc::new(store);
    let mut race = JoinSet::new();
    for holder in 0..16 {
        let store = Arc::clone(&store);
        race.spawn(async move {
            let lease = lease(&holder.to_string(), 60);
            store.lease_directory(lease, at(0)).await.unwrap()
        });
    }
    let won = race.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
}

pub(super) async fn a_holder_that_lost_the_lease_changes_nothing(store: impl Store) {
    let (slow, quick) = (lease("slow", 60), lease("quick", 120));
    assert!(store.lease_directory(slow, at(0)).await.unwrap());
    assert!(!store.lease_directory(quick, at(59)).await.unwrap());
    assert!(
        store
            .stage(slow, vec![Change::Listed(identity("1", "陈涛"))])
            .await
            .unwrap()
    );
    assert!(store.lease_directory(quick, at(60)).await.unwrap());
    let more = vec![Change::Listed(identity("2", "张伟"))];
    assert!(!store.stage(slow, more).await.unwrap());
    assert!(!store.accept(slow, at(61)).await.unwrap());
    assert_eq!(store.discard(slow, 9).await.unwrap(), None);
    assert_eq!(
        store
            .apply_accepted(slow, 9, &logout_notice())
            .await
            .unwrap(),
        None
    );
    store.release_directory(&slow.holder).await.unwrap();
    assert_eq!(store.discard(quick, 9).await.unwrap(), Some(1));
    store.release_directory(&quick.holder).await.unwrap();
    assert!(store.lease_directory(slow, at(62)).await.unwrap());
}

pub(super) async fn a_step_renews_the_lease(store: impl Store) {
    assert!(store.lease_directory(lease("a", 60), at(0)).await.unwrap());
    assert!(store.stage(lease("a", 100), Vec::new()).await.unwrap());
    assert!(
        !store
            .lease_directory(lease("b", 200), at(99))
            .await
            .unwrap()
    );
    assert!(
        store
            .lease_directory(lease("b", 200), at(100))
            .await
            .unwrap()
    );
}

pub(super) async fn a_person_goes_from_listed_to_absent_to_left(store: impl Store) {
    apply_reading(&store, vec![Change::Listed(identity("1", "陈涛"))], 1).await;
    apply_reading(&store, vec![Change::Absent(subject("1"))], 2).await;
    assert_eq!(presence(&store, "1").await, Some(Presence::Absent(at(2))));
    apply_reading(&store, vec![Change::Listed(identity("1", "陈涛"))], 3).await;
    assert_eq!(presence(&store, "1").await, Some(Presence::Listed));
    apply_reading(&store, vec![Change::Absent(subject("1"))], 4).await;
    apply_reading(&store, vec![Change::Left(subject("1"))], 5).await;
    assert_eq!(presence(&store, "1").await, Some(Presence::Left(at(5))));
    apply_reading(&store, vec![Change::Absent(subject("1"))], 6).await;
    assert_eq!(presence(&store, "1").await, Some(Presence::Left(at(5))));
}

pub(super) async fn updated_at_changes_when_the_directory_changes_the_identity(store: impl Store) {
    apply_reading(&store, vec![Change::Listed(identity("1", "陈涛"))], 1).await;
    apply_reading(&store, vec![Change::Absent(subject("1"))], 2).await;
    apply_reading(&store, vec![Change::Listed(identity("1", "陈涛"))], 3).await;
    assert_eq!(person(&store, "1").await.unwrap().user.updated_at, at(1));
    apply_reading(&store, vec![Change::Listed(identity("1", "陈滔"))], 4).await;
    let user = person(&store, "1").await.unwrap().user;
    assert_eq!(
        (user.updated_at, user.identity.name.as_deref()),
        (at(4), Some("陈滔"))
    );
}

pub(super) async fn a_leaver_has_no_session_and_no_grant_and_cannot_sign_in(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    signed_in(&store, sign_in("b")).await;
    for (code, grant) in [("code", grant("a")), ("offline", offline_grant("b"))] {
        store
            .issue(&digest(code), grant, at(60), at(900))
            .await
            .unwrap();
        store.redeem(&digest(code), None, at(1)).await.unwrap();
    }
    apply_reading(&store, vec![Change::Absent(subject("1"))], 2).await;
    assert!(store.session(&digest("a"), at(2)).await.unwrap().is_some());
    assert_eq!(
        apply_reading(&store, vec![Change::Left(subject("1"))], 3).await,
        2
    );
    for name in ["a", "b"] {
        assert_eq!(store.session(&digest(name), at(3)).await.unwrap(), None);
    }
    for code in ["code", "offline"] {
        assert!(
            store
                .active_grant(&digest(code), at(3))
                .await
                .unwrap()
                .is_none()
        );
    }
    let again = store.sign_in(sign_in("c"), at(4)).await.unwrap();
    assert_eq!(again, SignInOutcome::Left);
    assert_eq!(store.session(&digest("c"), at(4)).await.unwrap(), None);
    apply_reading(&store, vec![Change::Listed(identity("1", "陈涛"))], 5).await;
    assert!(matches!(
        store.sign_in(sign_in("d"), at(6)).await.unwrap(),
        SignInOutcome::SignedIn(..)
    ));
}

pub(super) async fn the_history_of_a_leaver_is_recorded(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    store
        .issue(&digest("code"), grant("a"), at(60), at(300))
        .await
        .unwrap();
    apply_reading(&store, vec![Change::Absent(subject("1"))], 2).await;
    apply_reading(&store, vec![Change::Left(subject("1"))], 3).await;
    // The logout is recorded even if it is delivered after the person has returned.
    apply_reading(&store, vec![Change::Listed(identity("1", "陈涛"))], 20).await;
    let leased = store.lease_deliveries(up_to(9, 40), at(30)).await.unwrap();
    assert_eq!(leased.len(), 1);
    store
        .complete(&leased[0], DeliveryOutcome::Delivered, at(31))
        .await
        .unwrap();
    let grafana = "grafana".to_owned();
    let left = Event::Left {
        sessions: vec!["a".to_owned()],
        clients: vec![grafana.clone()],
    };
    let delivered = Event::LogoutDelivered {
        client_id: grafana,
        sid: sid("a").to_string(),
    };
    assert_eq!(
        events(&store, "1").await,
        [
            (at(2), Event::Absent),
            (at(3), left),
            (at(20), Event::Returned),
            (at(31), delivered)
        ]
    );
}

pub(super) async fn a_logout_is_not_recorded_for_a_person_who_has_not_left(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    store
        .issue(&digest("code"), grant("a"), at(60), at(300))
        .await
        .unwrap();
    let ended = store
        .end(&sid("a"), &logout_notice())
        .await
        .unwrap()
        .unwrap();
    store
        .complete(&ended.leased[0], DeliveryOutcome::Delivered, at(1))
        .await
        .unwrap();
    assert_eq!(events(&store, "1").await, []);
}

pub(super) async fn people_are_listed_in_subject_order(store: impl Store) {
    let ids = ["10", "2", "1", "03"];
    let listed = ids.map(|id| Change::Listed(identity(id, "某")));
    apply_reading(&store, listed.into(), 1).await;
    let first = store.people(None, 3).await.unwrap();
    let names = |people: &[Person]| {
        people
            .iter()
            .map(|p| p.user.subject().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&first), ["03", "1", "10"]);
    let rest = store.people(Some(&subject("10")), 3).await.unwrap();
    assert_eq!(names(&rest), ["2"]);
    assert_eq!(store.people(Some(&subject("2")), 3).await.unwrap(), []);
}

pub(super) async fn a_forgotten_leaver_still_cannot_sign_in(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    apply_reading(&store, vec![Change::Absent(subject("1"))], 2).await;
    apply_reading(&store, vec![Change::Left(subject("1"))], 3).await;
    let ended = store
        .forget(&subject("1"), &logout_notice(), at(4))
        .await
        .unwrap();
    assert_eq!(ended, Some(Vec::new()));
    let one = person(&store, "1").await.unwrap();
    assert_eq!(one.presence, Presence::Left(at(3)));
    assert_eq!(
        (one.user.identity.name, one.user.identity.phone),
        (None, None)
    );
    assert_eq!(events(&store, "1").await, []);
    assert_eq!(
        store.sign_in(sign_in("b"), at(5)).await.unwrap(),
        SignInOutcome::Left
    );
}

pub(super) async fn forgetting_a_person_signs_them_out(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    let link_key = LinkKey {
        subject: subject("1"),
        client: None,
    };
    let edit = Edit {
        username: Some("chentao".to_owned()),
        ..Edit::default()
    };
    let joined = store.apply([links::LinkChange { link_key, edit }].into(), at(0));
    joined.await.unwrap();
    let ended = store
        .forget(&subject("1"), &logout_notice(), at(1))
        .await
        .unwrap();
    assert_eq!(ended.unwrap().len(), 1);
    assert_eq!(person(&store, "1").await, None);
    assert_eq!(store.links_after(None, 9).await.unwrap(), []);
    assert_eq!(store.session(&digest("a"), at(1)).await.unwrap(), None);
    assert_eq!(
        store
            .forget(&subject("1"), &logout_notice(), at(2))
            .await
            .unwrap(),
        None
    );
}

pub(super) async fn leavers_are_forgotten_after_the_retention_time(store: impl Store) {
    let all = ["1", "2", "3", "4"];
    apply_reading(
        &store,
        all.map(|id| Change::Listed(identity(id, "某"))).into(),
        1,
    )
    .await;
    apply_reading(&store, vec![Change::Left(subject("1"))], 2).await;
    apply_reading(
        &store,
        vec![Change::Left(subject("2")), Change::Left(subject("3"))],
        3,
    )
    .await;
    assert_eq!(store.forget_leavers(at(2), 9, at(9)).await.unwrap(), 0);
    assert_eq!(store.forget_leavers(at(4), 2, at(9)).await.unwrap(), 2);
    assert_eq!(store.forget_leavers(at(4), 2, at(9)).await.unwrap(), 1);
    assert_eq!(store.forget_leavers(at(4), 2, at(9)).await.unwrap(), 0);
    for (id, name) in [("1", None), ("3", None), ("4", Some("某"))] {
        let user = person(&store, id).await.unwrap().user;
        assert_eq!(user.identity.name.as_deref(), name, "{id}");
    }
}

pub(super) async fn the_latest_report_is_kept(store: impl Store) {
    assert_eq!(store.report().await.unwrap(), None);
    for cause in ["the portal is down", "again"] {
        let report = Report {
            at: at(1),
            complete_at: Some(at(0)),
            blocked: Some(Blocked {
                missing: 3,
                anomaly: Anomaly::Unstable,
            }),
            outcome: Outcome::Failed {
                why: cause.to_owned(),
            },
        };
        store.save_report(&report).await.unwrap();
        assert_eq!(store.report().await.unwrap(), Some(report));
    }
}
