//! Who owns a ticket (the field notes' N61, N62, N66).

use std::sync::Arc;

use tokio::task::JoinSet;

use super::fixture::{at, claim, digest, farewell, sid, sign_in, sign_in_with, signed_in, subject};
use crate::login::sign_in::{SignInOutcome, TicketOwner};
use crate::store::Store;

/// Who owns the ticket `t` at `seconds`, and whether it is spent.
async fn owner(store: &impl Store, seconds: i64) -> Option<TicketOwner> {
    store.owner(&digest("t"), at(seconds)).await.unwrap()
}

fn owned_by(browser: &str) -> TicketOwner {
    let holder = digest(browser);
    TicketOwner {
        holder,
        spent: false,
    }
}

async fn is_refused(store: &impl Store, asked: crate::login::sign_in::SignIn) -> bool {
    let outcome = store.sign_in(asked, at(1)).await.unwrap();
    outcome == SignInOutcome::TicketRefused
}

pub(super) async fn the_first_browser_owns_a_ticket(store: impl Store) {
    assert_eq!(owner(&store, 0).await, None);
    signed_in(&store, sign_in_with("a", "t", "first")).await;
    assert_eq!(owner(&store, 0).await, Some(owned_by("first")));
    assert!(is_refused(&store, sign_in_with("b", "t", "second")).await);
    assert!(!store.claim(claim("t", "second"), at(1)).await.unwrap());
    assert_eq!(owner(&store, 1).await, Some(owned_by("first")));
    signed_in(&store, sign_in_with("c", "t", "first")).await;
}

pub(super) async fn of_many_browsers_one_owns_the_ticket(store: impl Store + 'static) {
    let store = Arc::new(store);
    let mut browsers = JoinSet::new();
    for browser in 0..16 {
        let store = Arc::clone(&store);
        browsers.spawn(async move {
            let name = browser.to_string();
            let asked = sign_in_with(&name, "t", &name);
            let outcome = store.sign_in(asked, at(0)).await.unwrap();
            (outcome != SignInOutcome::TicketRefused).then_some(name)
        });
    }
    let outcomes = browsers.join_all().await;
    let winners: Vec<_> = outcomes.iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(owner(&*store, 0).await, Some(owned_by(winners[0])));
    for browser in 0..16 {
        let name = browser.to_string();
        let session = store.session(&digest(&name), at(0)).await.unwrap();
        assert_eq!(session.is_some(), name == *winners[0]);
    }
}

pub(super) async fn a_refused_ticket_changes_nothing(store: impl Store) {
    let (old, _) = signed_in(&store, sign_in_with("a", "t", "first")).await;
    let mut asked = sign_in_with("b", "t", "second");
    asked.retires = Some((digest("a"), at(1)));
    asked.session.user.identity.name = None;
    assert!(is_refused(&store, asked).await);
    let found = store.session(&digest("a"), at(2)).await.unwrap();
    assert_eq!(found, Some(old));
    assert_eq!(store.session(&digest("b"), at(2)).await.unwrap(), None);
}

pub(super) async fn a_ticket_for_one_time_is_refused_even_to_its_owner(store: impl Store) {
    let mut asked = sign_in_with("a", "t", "first");
    asked.claim.as_mut().unwrap().once = true;
    signed_in(&store, asked.clone()).await;
    asked.handle = digest("b");
    asked.session.sid = sid("b");
    assert!(is_refused(&store, asked).await);
}

pub(super) async fn a_ticket_that_names_another_user_is_refused(store: impl Store) {
    signed_in(&store, sign_in_with("a", "t", "first")).await;
    let mut asked = sign_in_with("b", "t", "first");
    asked.session.user.identity.subject = subject("2");
    asked.claim.as_mut().unwrap().subject = subject("2");
    assert!(is_refused(&store, asked).await);
    assert_eq!(owner(&store, 1).await, Some(owned_by("first")));
}

pub(super) async fn an_ended_session_spends_every_ticket_that_opened_it(store: impl Store) {
    signed_in(&store, sign_in_with("a", "u", "first")).await;
    let mut asked = sign_in_with("b", "t", "first");
    asked.continues = Some(sid("a"));
    signed_in(&store, asked).await;
    signed_in(&store, sign_in_with("c", "v", "first")).await;
    store.end(&sid("a"), &farewell()).await.unwrap().unwrap();

    for spent in ["t", "u"] {
        assert!(is_refused(&store, sign_in_with("d", spent, "first")).await);
        assert!(!store.claim(claim(spent, "first"), at(1)).await.unwrap());
        let owner = store.owner(&digest(spent), at(1)).await.unwrap();
        assert!(owner.unwrap().spent);
    }
    signed_in(&store, sign_in_with("e", "v", "first")).await;
}

pub(super) async fn a_spent_ticket_stays_spent(store: impl Store) {
    signed_in(&store, sign_in_with("a", "t", "first")).await;
    store.end(&sid("a"), &farewell()).await.unwrap().unwrap();
    assert!(is_refused(&store, sign_in_with("b", "t", "first")).await);
    let owner = owner(&store, 499).await.unwrap();
    assert!(owner.spent);
}

pub(super) async fn a_sign_in_that_replaces_a_session_spends_its_ticket(store: impl Store) {
    signed_in(&store, sign_in_with("a", "t", "first")).await;
    let mut asked = sign_in("b");
    asked.place = digest("first");
    asked.session.user.identity.subject = subject("2");
    signed_in(&store, asked).await;
    assert!(is_refused(&store, sign_in_with("c", "t", "first")).await);
}

pub(super) async fn an_untracked_ticket_is_nobodys(store: impl Store) {
    let mut asked = sign_in("a");
    asked.session.ticket = digest("t");
    signed_in(&store, asked).await;
    assert_eq!(owner(&store, 0).await, None);
}

pub(super) async fn a_forgotten_ticket_is_like_a_new_one(store: impl Store) {
    signed_in(&store, sign_in_with("a", "t", "first")).await;
    store.end(&sid("a"), &farewell()).await.unwrap().unwrap();
    assert_eq!(owner(&store, 500).await, None);

    let mut claim = claim("t", "second");
    claim.subject = subject("2");
    claim.remember_until = at(900);
    assert!(store.claim(claim.clone(), at(500)).await.unwrap());
    assert_eq!(owner(&store, 500).await, Some(owned_by("second")));
    // Nothing of the old row is left to tie it to the session it opened then.
    claim.remember_until = at(950);
    assert!(store.claim(claim, at(600)).await.unwrap());
}

pub(super) async fn owning_again_prolongs_and_never_shortens(store: impl Store) {
    signed_in(&store, sign_in_with("a", "t", "first")).await;
    for (until, remembered) in [(700, 700), (600, 700)] {
        let mut again = claim("t", "first");
        again.remember_until = at(until);
        assert!(store.claim(again, at(1)).await.unwrap());
        assert_eq!(owner(&store, remembered - 1).await, Some(owned_by("first")));
        assert_eq!(owner(&store, remembered).await, None);
    }
    // Nor does it forget which session it opened.
    store.end(&sid("a"), &farewell()).await.unwrap().unwrap();
    assert!(owner(&store, 2).await.unwrap().spent);
}

pub(super) async fn a_claim_signs_nobody_in(store: impl Store) {
    assert!(store.claim(claim("t", "first"), at(0)).await.unwrap());
    assert_eq!(owner(&store, 0).await, Some(owned_by("first")));
    assert!(is_refused(&store, sign_in_with("a", "t", "second")).await);
    signed_in(&store, sign_in_with("b", "t", "first")).await;
    store.end(&sid("b"), &farewell()).await.unwrap().unwrap();
    assert!(owner(&store, 1).await.unwrap().spent);
}

pub(super) async fn a_ticket_leads_to_the_session_it_opened_while_that_lives(store: impl Store) {
    let (session, _) = signed_in(&store, sign_in_with("a", "t", "first")).await;
    let found = store.opened_by(&digest("t"), at(499)).await.unwrap();
    assert_eq!(found, Some(session));
    assert_eq!(store.opened_by(&digest("t"), at(500)).await.unwrap(), None);
    assert_eq!(store.opened_by(&digest("u"), at(0)).await.unwrap(), None);
    store.end(&sid("a"), &farewell()).await.unwrap().unwrap();
    assert_eq!(store.opened_by(&digest("t"), at(1)).await.unwrap(), None);
}
