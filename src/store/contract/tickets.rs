//! Ticket ownership: a ticket of one browser is refused in another (N61), after a logout (N62), and when
//! the portal returns another user for it (N66); docs/security.md.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::fixture::{at, claim, digest, end, sid, sign_in, sign_in_with, signed_in, subject};
use crate::login::sign_in::{ContinuedSession, SignIn, SignInOutcome, TicketOwner};
use crate::store::Store;

/// The owner of the ticket `t` at `seconds`, and whether the ticket is spent.
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

async fn is_refused(store: &impl Store, request: SignIn) -> bool {
    let outcome = store.sign_in(request, at(1)).await.unwrap();
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

pub(super) async fn of_concurrent_browsers_one_owns_the_ticket(store: impl Store + 'static) {
    let store = Arc::new(store);
    let mut browsers = JoinSet::new();
    for browser in 0..16 {
        let store = Arc::clone(&store);
        browsers.spawn(async move {
            let name = browser.to_string();
            let request = sign_in_with(&name, "t", &name);
            let outcome = store.sign_in(request, at(0)).await.unwrap();
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

pub(super) async fn a_ticket_passes_to_the_new_identifier_of_its_owner(store: impl Store) {
    signed_in(&store, sign_in_with("a", "t", "first")).await;
    let mut request = sign_in_with("b", "t", "rotated");
    let claim = request.claim.as_mut().unwrap();
    claim.earlier = vec![digest("unrelated"), digest("first")];
    signed_in(&store, request).await;
    assert_eq!(owner(&store, 1).await, Some(owned_by("rotated")));
    assert!(is_refused(&store, sign_in_with("c", "t", "first")).await);
}

pub(super) async fn a_refused_ticket_changes_nothing(store: impl Store) {
    let (old, _) = signed_in(&store, sign_in_with("a", "t", "first")).await;
    let mut request = sign_in_with("b", "t", "second");
    request.retired_handle = Some((digest("a"), at(1)));
    request.session.user.identity.name = None;
    assert!(is_refused(&store, request).await);
    let found = store.session(&digest("a"), at(2)).await.unwrap();
    assert_eq!(found, Some(old));
    assert_eq!(store.session(&digest("b"), at(2)).await.unwrap(), None);
}

pub(super) async fn a_single_use_ticket_is_refused_the_second_time_even_to_its_owner(
    store: impl Store,
) {
    let mut request = sign_in_with("a", "t", "first");
    request.claim.as_mut().unwrap().once = true;
    signed_in(&store, request.clone()).await;
    request.handle = digest("b");
    request.session.sid = sid("b");
    assert!(is_refused(&store, request).await);
}

pub(super) async fn a_ticket_that_now_names_another_user_is_refused(store: impl Store) {
    signed_in(&store, sign_in_with("a", "t", "first")).await;
    let mut request = sign_in_with("b", "t", "first");
    request.session.user.identity.subject = subject("2");
    request.claim.as_mut().unwrap().subject = subject("2");
    assert!(is_refused(&store, request).await);
    assert_eq!(owner(&store, 1).await, Some(owned_by("first")));
}

pub(super) async fn ending_a_session_spends_every_ticket_that_opened_it(store: impl Store) {
    signed_in(&store, sign_in_with("a", "u", "first")).await;
    let mut request = sign_in_with("b", "t", "first");
    request.continues = ContinuedSession::Current(sid("a"));
    signed_in(&store, request).await;
    signed_in(&store, sign_in_with("c", "v", "first")).await;
    end(&store, "a").await;

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
    end(&store, "a").await;
    assert!(is_refused(&store, sign_in_with("b", "t", "first")).await);
    let owner = owner(&store, 499).await.unwrap();
    assert!(owner.spent);
}

pub(super) async fn a_sign_in_of_another_user_spends_the_ticket_of_the_old_session(
    store: impl Store,
) {
    signed_in(&store, sign_in_with("a", "t", "first")).await;
    let mut request = sign_in("b");
    request.session.user_agent = digest("first");
    request.session.user.identity.subject = subject("2");
    signed_in(&store, request).await;
    assert!(is_refused(&store, sign_in_with("c", "t", "first")).await);
}

pub(super) async fn an_untracked_ticket_has_no_owner(store: impl Store) {
    let mut request = sign_in("a");
    request.session.ticket = digest("t");
    signed_in(&store, request).await;
    assert_eq!(owner(&store, 0).await, None);
}

pub(super) async fn an_expired_ticket_can_be_claimed_like_a_new_one(store: impl Store) {
    signed_in(&store, sign_in_with("a", "t", "first")).await;
    end(&store, "a").await;
    assert_eq!(owner(&store, 500).await, None);

    let mut claim = claim("t", "second");
    claim.subject = subject("2");
    claim.remember_until = at(900);
    assert!(store.claim(claim.clone(), at(500)).await.unwrap());
    assert_eq!(owner(&store, 500).await, Some(owned_by("second")));
    // The new claim clears the link to the session that the ticket opened before.
    claim.remember_until = at(950);
    assert!(store.claim(claim, at(600)).await.unwrap());
}

pub(super) async fn claiming_again_extends_and_never_shortens_the_ownership(store: impl Store) {
    signed_in(&store, sign_in_with("a", "t", "first")).await;
    for (until, remembered) in [(700, 700), (600, 700)] {
        let mut again = claim("t", "first");
        again.remember_until = at(until);
        assert!(store.claim(again, at(1)).await.unwrap());
        assert_eq!(owner(&store, remembered - 1).await, Some(owned_by("first")));
        assert_eq!(owner(&store, remembered).await, None);
    }
    // The new claim also keeps the link to the session that the ticket opened.
    end(&store, "a").await;
    assert!(owner(&store, 2).await.unwrap().spent);
}

pub(super) async fn a_claim_without_a_sign_in_owns_the_ticket(store: impl Store) {
    assert!(store.claim(claim("t", "first"), at(0)).await.unwrap());
    assert_eq!(owner(&store, 0).await, Some(owned_by("first")));
    assert!(is_refused(&store, sign_in_with("a", "t", "second")).await);
    signed_in(&store, sign_in_with("b", "t", "first")).await;
    end(&store, "b").await;
    assert!(owner(&store, 1).await.unwrap().spent);
}

pub(super) async fn a_ticket_finds_the_session_it_opened_while_that_is_live(store: impl Store) {
    let (session, _) = signed_in(&store, sign_in_with("a", "t", "first")).await;
    let found = store.opened_by(&digest("t"), at(499)).await.unwrap();
    assert_eq!(found, Some(session));
    assert_eq!(store.opened_by(&digest("t"), at(500)).await.unwrap(), None);
    assert_eq!(store.opened_by(&digest("u"), at(0)).await.unwrap(), None);
    end(&store, "a").await;
    assert_eq!(store.opened_by(&digest("t"), at(1)).await.unwrap(), None);
}
