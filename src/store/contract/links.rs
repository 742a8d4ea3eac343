//! Accounts in clients.

use openidconnect::ClientId;

use super::fixture::{at, digest, grafana, issue, offline_grant, sign_in, signed_in, subject};
use crate::links::{ApplyOutcome, Edit, LinkChange, LinkKey, PersonQuery, Tally, UniqueField};
use crate::people::{Attribute, Link};
use crate::store::{CodeRedemption, NewFamily, RefreshOutcome, Rotation, Store};

fn link_key(of: &str, client: &str) -> LinkKey {
    LinkKey {
        subject: subject(of),
        client: Some(client.to_owned()).filter(|client| !client.is_empty()),
    }
}

fn change(of: &str, client: &str, username: &str) -> LinkChange {
    LinkChange {
        link_key: link_key(of, client),
        edit: Edit {
            username: Some(username.to_owned()),
            ..Edit::default()
        },
    }
}

async fn join(store: &impl Store, changes: &[LinkChange]) -> ApplyOutcome {
    store.apply(changes.into(), at(0)).await.unwrap()
}

async fn joined(store: &impl Store, changes: &[LinkChange]) -> Tally {
    match join(store, changes).await {
        ApplyOutcome::Done(tally) => tally,
        ApplyOutcome::Taken(conflicts) => panic!("{conflicts:?}"),
    }
}

async fn link(store: &impl Store, of: &str, client: &str) -> Option<Link> {
    let client = ClientId::new(client.to_owned());
    store.link(&subject(of), &client).await.unwrap()
}

async fn username(store: &impl Store, of: &str, client: &str) -> Option<String> {
    link(store, of, client).await.and_then(|link| link.username)
}

pub(super) async fn a_link_is_read_back_unchanged(store: impl Store) {
    let mut request = change("1", "grafana", "Chén 涛");
    request.edit.email = Some("C@w.cn".to_owned());
    request.edit.email_verified = Some(true);
    let one = Attribute::One("调度\"中心".to_owned());
    let many = |list: &[&str]| Attribute::Many(list.iter().map(ToString::to_string).collect());
    request.edit.attributes = [
        ("dept".to_owned(), one.clone()),
        ("none".to_owned(), many(&[])),
        ("sites".to_owned(), many(&["东"])),
    ]
    .into();
    let tally = joined(&store, &[request.clone()]).await;
    assert_eq!((tally.added, tally.changed, tally.same), (1, 0, 0));
    let read = link(&store, "1", "grafana").await.unwrap();
    assert_eq!(read.username.as_deref(), Some("Chén 涛"));
    assert_eq!(read.email.as_deref(), Some("C@w.cn"));
    assert!(read.email_verified);
    assert_eq!(read.attributes, request.edit.attributes);
    assert_eq!(link(&store, "1", "wiki").await, None);
    assert_eq!(link(&store, "2", "grafana").await, None);
}

pub(super) async fn a_link_for_a_client_is_completed_from_the_one_for_all_clients(
    store: impl Store,
) {
    let mut all = change("1", "", "ct");
    all.edit.email = Some("c@w.cn".to_owned());
    joined(&store, &[all, change("1", "grafana", "chentao")]).await;
    let own = link(&store, "1", "grafana").await.unwrap();
    assert_eq!(own.username.as_deref(), Some("chentao"));
    assert_eq!(own.email.as_deref(), Some("c@w.cn"));
    assert_eq!(username(&store, "1", "wiki").await.as_deref(), Some("ct"));
}

pub(super) async fn a_username_is_unique_within_a_client(store: impl Store) {
    joined(&store, &[change("1", "grafana", "ChenTao")]).await;
    let changes = [
        change("3", "grafana", "other"),
        change("2", "grafana", "ｃhentao"),
    ];
    let ApplyOutcome::Taken(conflicts) = join(&store, &changes).await else {
        panic!("it is another's");
    };
    assert_eq!(conflicts.len(), 1);
    assert_eq!(
        (conflicts[0].change, conflicts[0].what),
        (1, UniqueField::Username)
    );
    assert_eq!(conflicts[0].holder, link_key("1", "grafana"));
    assert_eq!(link(&store, "3", "grafana").await, None, "half was done");
    joined(&store, &[change("2", "wiki", "chentao")]).await;
}

pub(super) async fn an_email_address_is_unique_within_a_client(store: impl Store) {
    let email = |of, client, email: &str| LinkChange {
        link_key: link_key(of, client),
        edit: Edit {
            email: Some(email.to_owned()),
            ..Edit::default()
        },
    };
    joined(&store, &[email("1", "grafana", "C@w.cn")]).await;
    let ApplyOutcome::Taken(conflicts) = join(&store, &[email("2", "grafana", "c@W.cn")]).await
    else {
        panic!("it is another's");
    };
    assert_eq!(conflicts[0].what, UniqueField::Email);
    joined(&store, &[email("2", "wiki", "c@W.cn")]).await;
}

/// Otherwise a person who is `chentao` for all clients would get into the account of another person who
/// is `chentao` in one client.
pub(super) async fn a_username_for_all_clients_is_unique_in_every_client(store: impl Store) {
    joined(&store, &[change("1", "grafana", "chentao")]).await;
    assert!(matches!(
        join(&store, &[change("2", "", "chentao")]).await,
        ApplyOutcome::Taken(_)
    ));
    joined(&store, &[change("2", "", "heilong")]).await;
    for client in ["wiki", ""] {
        assert!(matches!(
            join(&store, &[change("1", client, "heilong")]).await,
            ApplyOutcome::Taken(_)
        ));
    }
    // A person's own link for all clients is not a conflict.
    joined(&store, &[change("2", "grafana", "heilong")]).await;
}

pub(super) async fn one_join_cannot_give_two_people_the_same_username(store: impl Store) {
    let changes = [change("1", "grafana", "x"), change("2", "grafana", "X")];
    assert!(matches!(
        join(&store, &changes).await,
        ApplyOutcome::Taken(_)
    ));
    assert!(store.links_after(None, 9).await.unwrap().is_empty());
}

pub(super) async fn two_people_can_swap_their_usernames(store: impl Store) {
    joined(&store, &[change("1", "", "a"), change("2", "", "b")]).await;
    let tally = joined(&store, &[change("1", "", "b"), change("2", "", "a")]).await;
    assert_eq!(tally.changed, 2);
    assert_eq!(username(&store, "1", "wiki").await.as_deref(), Some("b"));
}

pub(super) async fn a_join_reports_what_it_changed(store: impl Store) {
    let changes = [change("1", "", "a"), change("2", "", "b")];
    joined(&store, &changes).await;
    let again = joined(&store, &changes).await;
    assert_eq!((again.added, again.changed, again.same), (0, 0, 2));
    let gone = joined(&store, &[change("1", "", "")]).await;
    assert_eq!((gone.added, gone.changed, gone.same), (0, 1, 0));
    assert_eq!(link(&store, "1", "wiki").await, None);
    joined(&store, &[change("3", "", "a")]).await;
}

pub(super) async fn a_rehearsal_reports_like_a_join_and_changes_nothing(store: impl Store) {
    joined(&store, &[change("1", "", "a")]).await;
    let good = [change("2", "", "b"), change("1", "", "c")];
    let ApplyOutcome::Done(tally) = store.dry_run(good.into()).await.unwrap() else {
        panic!("all are free");
    };
    assert_eq!((tally.added, tally.changed), (1, 1));
    let bad = [change("2", "", "A")];
    assert!(matches!(
        store.dry_run(bad.into()).await.unwrap(),
        ApplyOutcome::Taken(_)
    ));
    assert_eq!(username(&store, "1", "wiki").await.as_deref(), Some("a"));
    assert_eq!(link(&store, "2", "wiki").await, None);
}

pub(super) async fn a_link_is_removed_once(store: impl Store) {
    joined(&store, &[change("1", "", "a"), change("1", "wiki", "b")]).await;
    assert!(store.unlink(&link_key("1", "wiki")).await.unwrap());
    assert!(!store.unlink(&link_key("1", "wiki")).await.unwrap());
    assert_eq!(username(&store, "1", "wiki").await.as_deref(), Some("a"));
}

pub(super) async fn links_are_listed_in_order_and_in_batches(store: impl Store) {
    let mut changes = Vec::new();
    for of in 1..=5 {
        for client in ["", "grafana", "wiki"] {
            changes.push(change(&of.to_string(), client, &format!("u{of}")));
        }
    }
    joined(&store, &changes).await;
    let (mut seen, mut last) = (Vec::new(), None);
    loop {
        let batch = store.links_after(last.as_ref(), 4).await.unwrap();
        let Some((link_key, _)) = batch.last() else {
            break;
        };
        last = Some(link_key.clone());
        seen.extend(batch.into_iter().map(|(link_key, _)| link_key));
    }
    let link_keys: Vec<_> = changes.into_iter().map(|change| change.link_key).collect();
    assert_eq!(seen, link_keys);
}

pub(super) async fn candidates_are_found_by_phone_name_and_identifier(store: impl Store) {
    for (of, name, phone) in [
        ("1", "陈涛", "13800138000"),
        ("2", "陈 涛", ""),
        ("3", "黑龙江", "138 0013 8000"),
        ("4", "新耀分公司", "13900139000"),
    ] {
        let mut request = sign_in(of);
        request.session.user_agent = digest(of);
        request.session.user.identity.subject = subject(of);
        request.session.user.identity.name = Some(name.to_owned());
        request.session.user.identity.phone = Some(phone.to_owned());
        signed_in(&store, request).await;
    }
    let found = async |wanted: PersonQuery| {
        let mut found: Vec<_> = store
            .find_people(wanted)
            .await
            .unwrap()
            .into_iter()
            .map(|person| person.subject.as_str().to_owned())
            .collect();
        found.sort();
        found.concat()
    };
    let mut wanted = PersonQuery::default();
    assert_eq!(found(wanted.clone()).await, "");
    wanted.names = [PersonQuery::name("陈涛")].into();
    assert_eq!(found(wanted.clone()).await, "12");
    wanted.phones = ["+8613800138000".to_owned()].into();
    assert_eq!(found(wanted.clone()).await, "123");
    wanted.subjects = [subject("4"), subject("99")].into();
    assert_eq!(found(wanted.clone()).await, "1234");
}

/// Every query that returns a grant returns the account too.
pub(super) async fn a_grant_has_the_account_of_its_user_in_its_client(store: impl Store) {
    signed_in(&store, sign_in("a")).await;
    issue(&store, "before", "a").await;
    let CodeRedemption::Granted(redeemed) = store
        .redeem(&digest("before"), &grafana(), None, at(300), at(1))
        .await
        .unwrap()
    else {
        panic!("it was good");
    };
    assert_eq!(redeemed.link, None);
    let mut all = change("1", "", "ct");
    all.edit.email = Some("c@w.cn".to_owned());
    let other = change("1", "wiki", "of the wiki");
    joined(&store, &[all, other, change("1", "grafana", "chentao")]).await;

    let code = digest("code");
    let grant = offline_grant("a");
    store.issue(&code, grant, at(60)).await.unwrap();
    let family = NewFamily {
        family: digest("family"),
        token: digest("token"),
        expires_at: at(100),
        retain_until: at(300),
    };
    let CodeRedemption::Granted(redeemed) = store
        .redeem(&code, &grafana(), Some(family), at(300), at(1))
        .await
        .unwrap()
    else {
        panic!("it was good");
    };
    let granted = store.active_grant(&code, at(1)).await.unwrap().unwrap();
    let found = store.family(&family.family, at(1)).await.unwrap().unwrap();
    let rotation = Rotation {
        family: family.family,
        presented: family.token,
        successor: digest("next"),
        expires_at: at(100),
        grace_since: at(0),
    };
    let RefreshOutcome::Granted(_, rotated) = store.rotate(rotation, at(2)).await.unwrap() else {
        panic!("it was good");
    };
    for granted in [*redeemed, granted, found.granted, *rotated] {
        let link = granted.link.unwrap();
        assert_eq!(link.username.as_deref(), Some("chentao"));
        assert_eq!(link.email.as_deref(), Some("c@w.cn"));
        assert_eq!(granted.user.subject(), &subject("1"));
    }
}

pub(super) async fn a_username_is_never_the_identifier_of_a_person_without_a_username(
    store: impl Store,
) {
    signed_in(&store, sign_in("a")).await;
    // Person 1 is known and has no username, so Grafana would get "1" as their username.
    let wanted = [change("5", "grafana", "1")];
    let ApplyOutcome::Taken(conflicts) = join(&store, &wanted).await else {
        panic!("it is 1's");
    };
    assert_eq!(
        (conflicts[0].what, &conflicts[0].holder),
        (UniqueField::Username, &link_key("1", "grafana"))
    );
    assert_eq!(username(&store, "5", "grafana").await, None);
    // A person may have their own identifier as username, or one that belongs to no known person.
    joined(
        &store,
        &[change("1", "grafana", "1"), change("6", "grafana", "10086")],
    )
    .await;
    // Once person 1 has another username in Grafana, "1" is free there.
    let both = [
        change("1", "grafana", "chentao"),
        change("5", "grafana", "1"),
    ];
    joined(&store, &both).await;
    assert_eq!(username(&store, "5", "grafana").await.as_deref(), Some("1"));
}
