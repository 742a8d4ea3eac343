//! Delivers the logout tokens that are queued in the store, also after a restart.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use tokio::task::{self, JoinSet};

use crate::app::live::LiveApp;
use crate::backchannel::LEASE_DURATION;
use crate::limits::MAX_PER_CLIENT;
use crate::service::backchannel_logout::{CALL_TIMEOUT, attempt_delivery, log_failure};
use crate::session::DeliveryLease;

/// The most deliveries from the store that may be in flight at once.
const MAX_FROM_STORE: u32 = 32;

/// The time between two queries for due deliveries.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// The time to wait after the store failed.
const RECOVERY_INTERVAL: Duration = Duration::from_secs(10);

/// The deliveries from the store in flight, with the client of each.
type InFlight = HashMap<task::Id, ClientId>;

/// Delivers what is due until `stop`. Then waits for all logout requests in flight, also the first
/// attempts that HTTP requests began.
pub async fn run(app: impl Into<LiveApp>, stop: impl Future<Output = ()>) {
    let live = app.into();
    let mut stop = pin!(stop);
    let mut calls = JoinSet::new();
    let mut in_flight = InFlight::default();
    let mut pause = POLL_INTERVAL;
    loop {
        tokio::select! {
            () = &mut stop => break,
            () = tokio::time::sleep(pause) => {}
        }
        while let Some(done) = calls.try_join_next_with_id() {
            in_flight.remove(&done.map_or_else(|error| error.id(), |(id, ())| id));
        }
        let app = live.current();
        let now = app.host.clock.now();
        let Some(lease) = lease(&in_flight, now) else {
            continue;
        };
        pause = match app.store.lease_deliveries(lease, now).await {
            Ok(due) => {
                for delivery in due {
                    let client = delivery.client_id.clone();
                    let call = calls.spawn(attempt_delivery(Arc::clone(&app), delivery));
                    in_flight.insert(call.id(), client);
                }
                POLL_INTERVAL
            }
            Err(error) => {
                log_failure(&error);
                RECOVERY_INTERVAL
            }
        };
    }
    let app = live.current();
    let finished = app.logout_calls.finished();
    if tokio::time::timeout(2 * CALL_TIMEOUT, finished)
        .await
        .is_err()
    {
        tracing::warn!("Some clients were not told before the stop; they will be after the start");
    }
    app.logout_calls.close();
}

/// The deliveries to lease from the store; `None` while the maximum is in flight.
fn lease(in_flight: &InFlight, now: DateTime<Utc>) -> Option<DeliveryLease> {
    let calls = u32::try_from(in_flight.len()).unwrap_or(u32::MAX);
    let room = MAX_FROM_STORE.checked_sub(calls).filter(|room| *room > 0)?;
    let mut held = HashMap::new();
    for client in in_flight.values() {
        *held.entry(client.to_string()).or_default() += 1;
    }
    Some(DeliveryLease {
        max_total: room,
        max_per_client: MAX_PER_CLIENT,
        in_flight: held,
        until: now + LEASE_DURATION,
    })
}
