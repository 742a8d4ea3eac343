//! Deliveries of logout tokens (Back-Channel Logout 1.0 §2.5). They keep the next user of a browser
//! out of the previous user's sessions at clients (N50, docs/security.md).

use std::collections::HashMap;
use std::sync::Arc;

use openidconnect::ClientId;
use tokio::task::JoinSet;

use crate::session::{Delivery, DeliveryLease, DeliveryOutcome};
use crate::store::Store;
use crate::store::contract::fixture::{
    at, digest, end, grant, logout_notice, sid, sign_in, signed_in, subject,
};

/// Begins the session `a`, with a grant for each of `clients`.
async fn session_with(store: &impl Store, clients: &[&str]) {
    signed_in(store, sign_in("a")).await;
    for client in clients {
        let mut grant = grant("a");
        grant.client_id = ClientId::new((*client).to_owned());
        let code = digest(client);
        store.issue(&code, grant, at(60)).await.unwrap();
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
        max_total: most,
        max_per_client: most,
        in_flight: HashMap::new(),
        until: at(until),
    }
}

/// Leases all deliveries due at `seconds` for ten seconds.
async fn lease(store: &impl Store, seconds: i64) -> Vec<Delivery> {
    let leased = store.lease_deliveries(up_to(100, seconds + 10), at(seconds));
    let mut leased = leased.await.unwrap();
    leased.sort_by(|a, b| a.client_id.as_str().cmp(b.client_id.as_str()));
    leased
}

pub(super) async fn an_ended_session_queues_a_delivery_for_each_listening_client(
    store: impl Store,
) {
    session_with(&store, &["wiki", "deaf", "grafana"]).await;
    let ended = end(&store, "a").await;
    assert_eq!(ended.clients.len(), 3);
    let leased = [delivery("grafana", 1), delivery("wiki", 1)];
    assert_eq!(ended.leased, leased, "the first attempt is the caller's");
    assert_eq!(lease(&store, 19).await, []);
    let again = [delivery("grafana", 2), delivery("wiki", 2)];
    assert_eq!(lease(&store, 20).await, again, "should it have died");
}

pub(super) async fn a_sign_in_of_another_user_queues_deliveries_too(store: impl Store) {
    session_with(&store, &["wiki"]).await;
    let mut request = sign_in("b");
    request.session.user.identity.subject = subject("2");
    let (_, ended) = signed_in(&store, request).await;
    assert_eq!(ended[0].leased, [delivery("wiki", 1)]);
    assert_eq!(lease(&store, 20).await, [delivery("wiki", 2)]);
}

pub(super) async fn a_postponed_client_is_not_leased_before_its_time(store: impl Store) {
    session_with(&store, &["wiki", "grafana"]).await;
    let mut notice = logout_notice();
    notice.deferred = Some((ClientId::new("wiki".to_owned()), at(5)));
    let ended = store.end(&sid("a"), &notice).await.unwrap();
    assert_eq!(ended[0].leased, [delivery("grafana", 1)]);
    assert_eq!(lease(&store, 4).await, []);
    assert_eq!(lease(&store, 5).await, [delivery("wiki", 1)]);
}

pub(super) async fn of_concurrent_leases_one_gets_the_delivery(store: impl Store + 'static) {
    session_with(&store, &["wiki"]).await;
    end(&store, "a").await;
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

pub(super) async fn the_longest_due_deliveries_are_leased_first_up_to_the_limit(store: impl Store) {
    session_with(&store, &["wiki", "grafana"]).await;
    let mut notice = logout_notice();
    notice.deferred = Some((ClientId::new("wiki".to_owned()), at(5)));
    store.end(&sid("a"), &notice).await.unwrap();
    let first = store.lease_deliveries(up_to(1, 90), at(50)).await.unwrap();
    assert_eq!(first, [delivery("wiki", 1)]);
    let rest = store.lease_deliveries(up_to(1, 90), at(50)).await.unwrap();
    assert_eq!(rest, [delivery("grafana", 2)]);
}

pub(super) async fn no_client_exceeds_its_share_of_the_leases(store: impl Store) {
    for name in ["a", "b", "c"] {
        signed_in(&store, sign_in(name)).await;
        let mut grant = grant(name);
        grant.client_id = ClientId::new("wiki".to_owned());
        let code = digest(name);
        store.issue(&code, grant, at(60)).await.unwrap();
        end(&store, name).await;
    }
    session_with(&store, &["grafana"]).await;
    let mut notice = logout_notice();
    notice.deferred = Some((ClientId::new("grafana".to_owned()), at(40)));
    store.end(&sid("a"), &notice).await.unwrap();
    let mut lease = up_to(3, 90);
    lease.max_per_client = 2;
    let lease_clients = async |lease: &DeliveryLease| {
        let leased = store.lease_deliveries(lease.clone(), at(50)).await.unwrap();
        let mut clients: Vec<_> = leased
            .into_iter()
            .map(|it| it.client_id.to_string())
            .collect();
        clients.sort();
        clients
    };
    assert_eq!(lease_clients(&lease).await, ["grafana", "wiki", "wiki"]);
    lease.in_flight = HashMap::from([("wiki".to_owned(), 2), ("other".to_owned(), 1)]);
    assert_eq!(lease_clients(&lease).await, [""; 0]);
    lease.in_flight = HashMap::from([("wiki".to_owned(), 1)]);
    assert_eq!(lease_clients(&lease).await, ["wiki"]);
}

pub(super) async fn a_postponed_delivery_is_due_at_its_new_time(store: impl Store) {
    session_with(&store, &["wiki"]).await;
    let ended = end(&store, "a").await;
    store.postpone(&ended.leased[0], at(600)).await.unwrap();
    assert_eq!(lease(&store, 599).await, []);
    let leased = lease(&store, 600).await;
    assert_eq!(leased, [delivery("wiki", 2)]);
    // The previous lease holder can no longer postpone the delivery.
    store.postpone(&ended.leased[0], at(900)).await.unwrap();
    assert_eq!(lease(&store, 610).await, [delivery("wiki", 3)]);
}

pub(super) async fn a_completed_delivery_is_not_leased_again(store: impl Store) {
    session_with(&store, &["wiki", "grafana"]).await;
    let ended = end(&store, "a").await;
    store
        .complete(&ended.leased[1], DeliveryOutcome::Delivered, at(1))
        .await
        .unwrap();
    store
        .complete(&ended.leased[1], DeliveryOutcome::Delivered, at(1))
        .await
        .unwrap();
    assert_eq!(lease(&store, 20).await, [delivery("grafana", 2)]);
}

pub(super) async fn a_sweep_removes_no_delivery(store: impl Store) {
    session_with(&store, &["wiki"]).await;
    end(&store, "a").await;
    store.sweep(at(9999)).await.unwrap();
    // An expired delivery is removed by the worker that leases it and gives it up.
    assert_eq!(lease(&store, 9999).await, [delivery("wiki", 2)]);
}
