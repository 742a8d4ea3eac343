//! Telling clients that a session is over (OpenID Connect Back-Channel Logout 1.0).
//!
//! Whoever ends a session makes the first attempts at once ([`tell`]); what is not taken then is
//! delivered from the store ([`work`]), also after a restart. The store leases a delivery to one
//! process at a time.

mod retry;
mod token;

use std::collections::HashMap;
use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::ClientId;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::{self, JoinSet};

use self::retry::Outcome;
use crate::app::App;
use crate::oauth::client::{Client, Clients};
use crate::session::{Delivery, EndedSession, Ending, Farewell, Lease};
use crate::store::StoreError;

/// How long all first attempts together may take; a browser waits for them.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long one client may take to answer.
const CALL: Duration = Duration::from_secs(5);

/// How long an attempt is left to one process: as long as it waits for its turn and the answer.
const LEASE: TimeDelta = TimeDelta::seconds(15);

/// The client that asked for the logout is told this much later, when its own browser is back.
/// Keycloak loses the way otherwise (keycloak/keycloak#45547).
const HEAD_START: TimeDelta = TimeDelta::seconds(10);

/// How many calls may be under way, and how many of them from the store.
const CALLS: u32 = 64;
const FROM_STORE: u32 = 32;

/// How many of either may be to one client: one that hangs leaves the others theirs.
const EACH: u32 = 8;

/// How often the store is looked through for what is due.
const LOOK: Duration = Duration::from_millis(250);

/// The calls from the store that are under way, and whom they are to.
type UnderWay = HashMap<task::Id, ClientId>;

/// How long to leave a store alone that failed.
const RECOVERY: Duration = Duration::from_secs(10);

/// Who is told of logouts, and how many are being told.
pub struct Messenger {
    listeners: Arc<[ClientId]>,
    calls: Semaphore,
    /// The calls to each client.
    each: HashMap<ClientId, Semaphore>,
}

/// An attempt's turn, until it is dropped.
struct Turn<'a> {
    _at_the_client: Option<SemaphorePermit<'a>>,
    _of_all: SemaphorePermit<'a>,
}

impl Messenger {
    /// A messenger to those of `clients` that have a `backchannel_logout_uri`.
    #[must_use]
    pub fn to(clients: &Clients) -> Self {
        let all = clients.all().into_iter();
        let listeners = all.filter(|client| client.logout.backchannel.is_some());
        let listeners: Arc<[_]> = listeners.map(|client| client.id.clone()).collect();
        let each = listeners.iter().cloned();
        Self {
            each: each.map(|id| (id, Semaphore::new(EACH as usize))).collect(),
            listeners,
            calls: Semaphore::new(CALLS as usize),
        }
    }

    /// Waits until a client may be called; `None` once nobody is called any more. Whoever waits for
    /// a client that hangs keeps no call from another.
    async fn turn(&self, client: &ClientId) -> Option<Turn<'_>> {
        let at_the_client = match self.each.get(client) {
            Some(calls) => Some(calls.acquire().await.ok()?),
            None => None,
        };
        Some(Turn {
            _at_the_client: at_the_client,
            _of_all: self.calls.acquire().await.ok()?,
        })
    }

    /// How the clients of a session that ends at `now` are told. `initiator` asked for it, and has a
    /// browser, or a request of its own, that must come back first.
    #[must_use]
    pub fn farewell(&self, initiator: Option<ClientId>, now: DateTime<Utc>) -> Farewell {
        Farewell {
            listeners: Arc::clone(&self.listeners),
            leased_until: now + LEASE,
            later: initiator.map(|client| (client, now + HEAD_START)),
            expires_at: now + retry::KEPT,
        }
    }
}

/// Makes the first attempt at every client of the ended sessions, all at once, and waits until they
/// know or a few seconds are over.
pub async fn tell(app: &Arc<App>, ended: &[EndedSession]) {
    let leased = ended.iter().flat_map(|session| &session.leased);
    let attempts: Vec<_> = leased
        .map(|delivery| tokio::spawn(attempt(Arc::clone(app), delivery.clone())))
        .collect();
    let all = async {
        for attempt in attempts {
            // One that panicked is made again once its lease is over.
            let _ = attempt.await;
        }
    };
    if tokio::time::timeout(PATIENCE, all).await.is_err() {
        tracing::warn!("Not every client answered in time that a session is over");
    }
}

/// Delivers what is due until `stop`; then waits for the calls under way, also those of [`tell`].
pub async fn work(app: Arc<App>, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    let mut calls = JoinSet::new();
    let mut under_way = UnderWay::default();
    let mut pause = LOOK;
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
                LOOK
            }
            Err(error) => {
                failed(&error);
                RECOVERY
            }
        };
    }
    let under_way = app.messenger.calls.acquire_many(CALLS);
    if tokio::time::timeout(2 * CALL, under_way).await.is_err() {
        tracing::warn!("Some clients were not told before the stop; they will be after the start");
    }
    app.messenger.calls.close();
}

/// What may be taken from the store; `None` while there is no room for more.
fn lease(under_way: &UnderWay, now: DateTime<Utc>) -> Option<Lease> {
    let calls = u32::try_from(under_way.len()).unwrap_or(u32::MAX);
    let most = FROM_STORE.checked_sub(calls).filter(|most| *most > 0)?;
    let mut held = HashMap::new();
    for client in under_way.values() {
        *held.entry(client.to_string()).or_default() += 1;
    }
    Some(Lease {
        most,
        each: EACH,
        held,
        until: now + LEASE,
    })
}

/// Tells one client, and writes down what came of it.
async fn attempt(app: Arc<App>, delivery: Delivery) {
    // Without a turn in time, the lease is soon over and the attempt somebody else's.
    let turn = tokio::time::timeout(CALL, app.messenger.turn(&delivery.client_id));
    let Ok(Some(_turn)) = turn.await else {
        return;
    };
    let client = app.clients.get(delivery.client_id.as_str());
    let uri = client.and_then(|client| client.logout.backchannel.as_ref());
    let written = match (client, uri) {
        (Some(client), Some(uri)) if delivery.expires_at > app.host.clock.now() => {
            let (outcome, said) = call(&app, client, uri, &delivery).await;
            settle(&app, &delivery, outcome, &said).await
        }
        (Some(_), Some(_)) => {
            give_up(&delivery, "nobody could call it in time");
            strike_off(&app, &delivery, Ending::GivenUp).await
        }
        _ => {
            give_up(&delivery, "it has no backchannel_logout_uri any more");
            strike_off(&app, &delivery, Ending::GivenUp).await
        }
    };
    if let Err(error) = written {
        failed(&error);
    }
}

/// One call, with a token of its own. Answers with what the log shall say of it.
async fn call(
    app: &App,
    client: &Client,
    uri: &url::Url,
    delivery: &Delivery,
) -> (Outcome, String) {
    let now = app.host.clock.now();
    let claims = token::claims(delivery, app.issuer.as_str(), now, &mut rand::rng());
    let token = match app.keys.sign(client.id_token_alg, "logout+jwt", &claims) {
        Ok(token) => token,
        Err(error) => {
            return (
                Outcome::Failed,
                format!("no token could be signed: {error}"),
            );
        }
    };
    let request = app.host.http.post(uri.clone()).timeout(CALL);
    match request.form(&[("logout_token", token)]).send().await {
        Ok(answer) => {
            let status = answer.status();
            (
                retry::outcome(status.as_u16()),
                format!("it answered {status}"),
            )
        }
        Err(error) => (Outcome::Failed, innermost(&error)),
    }
}

/// Why a call failed, in the one sentence an operator can use.
fn innermost(mut error: &dyn Error) -> String {
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}

async fn settle(
    app: &App,
    delivery: &Delivery,
    outcome: Outcome,
    said: &str,
) -> Result<(), StoreError> {
    let (id, sid) = (delivery.client_id.as_str(), &delivery.sid);
    if outcome == Outcome::Taken {
        tracing::info!(client_id = id, %sid, "Told {id} that session {sid} is over");
        return strike_off(app, delivery, Ending::Told).await;
    }
    let now = app.host.clock.now();
    let Some(due) = retry::next(delivery.attempts, outcome, delivery.expires_at, now) else {
        give_up(delivery, said);
        return strike_off(app, delivery, Ending::GivenUp).await;
    };
    let (attempts, again) = (delivery.attempts, (due - now).num_seconds());
    let remedy = match outcome {
        Outcome::Refused => {
            "it calls the logout token wrong, or its own logout failed; compare issuer, client_id and \
             clock there, its log says which"
        }
        _ => "check its backchannel_logout_uri, and that it can be reached from here",
    };
    tracing::warn!(client_id = id, %sid, attempts, "{id} did not take the end of session {sid} ({said}); it is told again in {again} s; {remedy}");
    app.store.put_off(delivery, due).await
}

async fn strike_off(app: &App, delivery: &Delivery, ending: Ending) -> Result<(), StoreError> {
    let now = app.host.clock.now();
    app.store.strike_off(delivery, ending, now).await
}

fn give_up(delivery: &Delivery, why: &str) {
    let (id, sid, attempts) = (
        delivery.client_id.as_str(),
        &delivery.sid,
        delivery.attempts,
    );
    tracing::error!(client_id = id, %sid, attempts, "{id} was not told that session {sid} of {} is over, and will not be: {why}. Whoever is signed in there stays so by its own limits", delivery.subject);
}

fn failed(error: &StoreError) {
    let cause = error.source.to_string();
    tracing::error!(cause, "Logout tokens wait: {error}");
}
