//! The known people: whether the directory lists them, their history, and how they are forgotten.

use chrono::{DateTime, Utc};

use super::fixture::{
    at, digest, end, grafana, grant, logout_notice, offline_grant, sid, sign_in, signed_in, subject,
};
use super::logout_deliveries::up_to;
use super::readings::{apply_reading, identity, person};
use crate::directory::{Change, Event, Person, Presence};
use crate::links;
use crate::links::{Edit, LinkKey};
use crate::login::sign_in::SignInOutcome;
use crate::session::DeliveryOutcome;
use crate::store::Store;

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
        store.issue(&digest(code), grant, at(60)).await.unwrap();
        store
            .redeem(&digest(code), &grafana(), None, at(900), at(1))
            .await
            .unwrap();
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
        .issue(&digest("code"), grant("a"), at(60))
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

/// Systems that pull what changed since the last time must see that the person is back.
pub(super) async fn a_person_who_returns_counts_as_changed(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    let updated = async || {
        let person = store.person(&subject("1")).await.unwrap().unwrap();
        person.user.updated_at
    };
    apply_reading(&store, vec![Change::Listed(identity("1", "陈涛"))], 1).await;
    let before = updated().await;
    apply_reading(&store, vec![Change::Absent(subject("1"))], 2).await;
    apply_reading(&store, vec![Change::Listed(identity("1", "陈涛"))], 3).await;
    assert_eq!(updated().await, before, "nobody saw them missing");
    apply_reading(&store, vec![Change::Absent(subject("1"))], 4).await;
    apply_reading(&store, vec![Change::Left(subject("1"))], 5).await;
    apply_reading(&store, vec![Change::Listed(identity("1", "陈涛"))], 20).await;
    assert_eq!(updated().await, at(20));
}

pub(super) async fn a_logout_is_not_recorded_for_a_person_who_has_not_left(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    store
        .issue(&digest("code"), grant("a"), at(60))
        .await
        .unwrap();
    let ended = end(&store, "a").await;
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
