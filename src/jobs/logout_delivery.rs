//! Delivers the logout tokens that wait in the store, also after a restart.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use tokio::task::{self, JoinSet};

use crate::app::App;
use crate::backchannel::LEASE_DURATION;
use crate::limits::MAX_PER_CLIENT;
use crate::service::backchannel_logout::{CALL_TIMEOUT, attempt, log_failure};
use crate::session::DeliveryLease;

/// How many calls from the store may be under way.
const MAX_FROM_STORE: u32 = 32;

/// How often the store is looked through for what is due.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// How long to leave a store alone that failed.
const RECOVERY_INTERVAL: Duration = Duration::from_secs(10);

/// The calls from the store that are under way, and whom they are to.
type UnderWay = HashMap<task::Id, ClientId>;

/// Delivers what is due until `stop`; then waits for the calls under way, also those of requests.
pub async fn work(app: Arc<App>, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    let mut calls = JoinSet::new();
    let mut under_way = UnderWay::default();
    let mut pause = POLL_INTERVAL;
    loop {
        tokio::select! {
            () = &mut stop => break,
            () = tokio::time::sleep(pause) => {}
        }
        while let Some(done) = calls.try_join_next_with_id() {
            under_way.remove(&done.map_or_else(|error| error.id(), |(id, ())| id));
        }
        let now = app.host.clock.now();
        let Some(lease) = lease(&under_way, now) else {
            continue;
        };
        pause = match app.store.lease_deliveries(lease, now).await {
            Ok(due) => {
                for delivery in due {
                    let client = delivery.client_id.clone();
                    let call = calls.spawn(attempt(Arc::clone(&app), delivery));
                    under_way.insert(call.id(), client);
                }
                POLL_INTERVAL
            }
            Err(error) => {
                log_failure(&error);
                RECOVERY_INTERVAL
            }
        };
    }
    let finished = app.logout_calls.finished();
    if tokio::time::timeout(2 * CALL_TIMEOUT, finished)
        .await
        .is_err()
    {
        tracing::warn!("Some clients were not told before the stop; they will be after the start");
    }
    app.logout_calls.close();
}

/// What may be taken from the store; `None` while there is no room for more.
fn lease(under_way: &UnderWay, now: DateTime<Utc>) -> Option<DeliveryLease> {
    let calls = u32::try_from(under_way.len()).unwrap_or(u32::MAX);
    let most = MAX_FROM_STORE.checked_sub(calls).filter(|most| *most > 0)?;
    let mut held = HashMap::new();
    for client in under_way.values() {
        *held.entry(client.to_string()).or_default() += 1;
    }
    Some(DeliveryLease {
        most,
        each: MAX_PER_CLIENT,
        held,
        until: now + LEASE_DURATION,
    })
}
