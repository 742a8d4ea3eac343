//! Deliveries of logout tokens (the field notes' N50, Back-Channel Logout 1.0 §2.5).

use std::collections::HashMap;
use std::sync::Arc;

use openidconnect::ClientId;
use tokio::task::JoinSet;

use crate::session::{Delivery, DeliveryLease, DeliveryOutcome};
use crate::store::Store;
use crate::store::contract::fixture::{
    at, digest, farewell, grant, sid, sign_in, signed_in, subject,
};

/// The session `a`, in which `clients` were granted something.
async fn session_with(store: &impl Store, clients: &[&str]) {
    signed_in(store, sign_in("a")).await;
    for client in clients {
        let mut grant = grant("a");
        grant.client_id = ClientId::new((*client).to_owned());
        let code = digest(client);
        store.issue(&code, grant, at(60), at(300)).await.unwrap();
    }
}

fn delivery(client: &str, attempts: u32) -> Delivery {
    Delivery {
        sid: sid("a"),
        subject: subject("1"),
        client_id: ClientId::new(client.to_owned()),
        attempts,
        expires_at: at(1000),
    }
}

pub(super) fn up_to(most: u32, until: i64) -> DeliveryLease {
    DeliveryLease {
        most,
        each: most,
        held: HashMap::new(),
        until: at(until),
    }
}

/// What is due at `seconds`, leased for ten.
async fn lease(store: &impl Store, seconds: i64) -> Vec<Delivery> {
    let leased = store.lease_deliveries(up_to(100, seconds + 10), at(seconds));
    let mut leased = leased.await.unwrap();
    leased.sort_by(|a, b| a.client_id.as_str().cmp(b.client_id.as_str()));
    leased
}

pub(super) async fn an_ended_session_leaves_a_delivery_for_each_client_that_listens(
    store: impl Store,
) {
    session_with(&store, &["wiki", "deaf", "grafana"]).await;
    let ended = store.end(&sid("a"), &farewell()).await.unwrap().unwrap();
    assert_eq!(ended.clients.len(), 3);
    let leased = [delivery("grafana", 1), delivery("wiki", 1)];
    assert_eq!(ended.leased, leased, "the first attempt is the caller's");
    assert_eq!(lease(&store, 19).await, []);
    let again = [delivery("grafana", 2), delivery("wiki", 2)];
    assert_eq!(lease(&store, 20).await, again, "should it have died");
}

pub(super) async fn a_sign_in_that_takes_over_leaves_deliveries_too(store: impl Store) {
    session_with(&store, &["wiki"]).await;
    let mut asked = sign_in("b");
    asked.session.user.identity.subject = subject("2");
    let (_, ended) = signed_in(&store, asked).await;
    assert_eq!(ended[0].leased, [delivery("wiki", 1)]);
    assert_eq!(lease(&store, 20).await, [delivery("wiki", 2)]);
}

pub(super) async fn a_client_that_shall_wait_is_nobodys_until_its_time(store: impl Store) {
    session_with(&store, &["wiki", "grafana"]).await;
    let mut farewell = farewell();
    farewell.later = Some((ClientId::new("wiki".to_owned()), at(5)));
    let ended = store.end(&sid("a"), &farewell).await.unwrap().unwrap();
    assert_eq!(ended.leased, [delivery("grafana", 1)]);
    assert_eq!(lease(&store, 4).await, []);
    assert_eq!(lease(&store, 5).await, [delivery("wiki", 1)]);
}

pub(super) async fn of_many_who_lease_a_delivery_one_gets_it(store: impl Store + 'static) {
    session_with(&store, &["wiki"]).await;
    store.end(&sid("a"), &farewell()).await.unwrap().unwrap();
    let store = Arc::new(store);
    let mut workers = JoinSet::new();
    for _ in 0..16 {
        let store = Arc::clone(&store);
        workers.spawn(async move { lease(&*store, 20).await });
    }
    let leased: Vec<_> = workers.join_all().await.concat();
    assert_eq!(leased, [delivery("wiki", 2)]);
    assert_eq!(lease(&*store, 30).await, [delivery("wiki", 3)]);
}

pub(super) async fn those_due_for_longest_are_leased_first_and_no_more_than_asked(
    store: impl Store,
) {
    session_with(&store, &["wiki", "grafana"]).await;
    let mut farewell = farewell();
    farewell.later = Some((ClientId::new("wiki".to_owned()), at(5)));
    store.end(&sid("a"), &farewell).await.unwrap().unwrap();
    let first = store.lease_deliveries(up_to(1, 90), at(50)).await.unwrap();
    assert_eq!(first, [delivery("wiki", 1)]);
    let rest = store.lease_deliveries(up_to(1, 90), at(50)).await.unwrap();
    assert_eq!(rest, [delivery("grafana", 2)]);
}

pub(super) async fn no_client_takes_the_place_of_the_others(store: impl Store) {
    for name in ["a", "b", "c"] {
        signed_in(&store, sign_in(name)).await;
        let mut grant = grant(name);
        grant.client_id = ClientId::new("wiki".to_owned());
        let code = digest(name);
        store.issue(&code, grant, at(60), at(300)).await.unwrap();
        store.end(&sid(name), &farewell()).await.unwrap().unwrap();
    }
    session_with(&store, &["grafana"]).await;
    let mut later = farewell();
    later.later = Some((ClientId::new("grafana".to_owned()), at(40)));
    store.end(&sid("a"), &later).await.unwrap().unwrap();
    let mut lease = up_to(3, 90);
    lease.each = 2;
    let took = async |lease: &DeliveryLease| {
        let leased = store.lease_deliveries(lease.clone(), at(50)).await.unwrap();
        let mut clients: Vec<_> = leased
            .into_iter()
            .map(|it| it.client_id.to_string())
            .collect();
        clients.sort();
        clients
    };
    assert_eq!(took(&lease).await, ["grafana", "wiki", "wiki"]);
    lease.held = HashMap::from([("wiki".to_owned(), 2), ("other".to_owned(), 1)]);
    assert_eq!(took(&lease).await, [""; 0]);
    lease.held = HashMap::from([("wiki".to_owned(), 1)]);
    assert_eq!(took(&lease).await, ["wiki"]);
}

pub(super) async fn a_delivery_that_is_put_off_is_due_then(store: impl Store) {
    session_with(&store, &["wiki"]).await;
    let ended = store.end(&sid("a"), &farewell()).await.unwrap().unwrap();
    store.put_off(&ended.leased[0], at(600)).await.unwrap();
    assert_eq!(lease(&store, 599).await, []);
    let leased = lease(&store, 600).await;
    assert_eq!(leased, [delivery("wiki", 2)]);
    // Whoever had it before puts nothing off any more.
    store.put_off(&ended.leased[0], at(900)).await.unwrap();
    assert_eq!(lease(&store, 610).await, [delivery("wiki", 3)]);
}

pub(super) async fn a_delivery_that_is_struck_off_is_gone(store: impl Store) {
    session_with(&store, &["wiki", "grafana"]).await;
    let ended = store.end(&sid("a"), &farewell()).await.unwrap().unwrap();
    store
        .strike_off(&ended.leased[1], DeliveryOutcome::Delivered, at(1))
        .await
        .unwrap();
    store
        .strike_off(&ended.leased[1], DeliveryOutcome::Delivered, at(1))
        .await
        .unwrap();
    assert_eq!(lease(&store, 20).await, [delivery("grafana", 2)]);
}

pub(super) async fn no_sweep_takes_a_delivery(store: impl Store) {
    session_with(&store, &["wiki"]).await;
    store.end(&sid("a"), &farewell()).await.unwrap().unwrap();
    store.sweep(at(9999)).await.unwrap();
    // Whoever leases it says that it is given up.
    assert_eq!(lease(&store, 9999).await, [delivery("wiki", 2)]);
}
