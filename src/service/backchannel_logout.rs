//! Notifies clients that a session is over (OpenID Connect Back-Channel Logout 1.0).
//!
//! The request that ends a session makes the first attempts at once ([`notify_clients`]).
//! Deliveries that fail then are retried from the store by [`crate::jobs::logout_delivery`]. The
//! store leases a delivery to one process at a time.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use panda_oidc_sdk::TlsProblem;

use crate::app::App;
use crate::backchannel::logout_token;
use crate::backchannel::retry::{self, AttemptOutcome};
use crate::error_chain::causes;
use crate::oauth::client::Client;
use crate::session::{Delivery, DeliveryOutcome, EndedSession};
use crate::store::StoreError;

/// The timeout for all first attempts together; a browser waits for them.
const FIRST_ATTEMPTS_TIMEOUT: Duration = Duration::from_secs(3);

/// The timeout for one client's response.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// Makes the first attempts for all clients of the ended sessions concurrently, and waits for them
/// with a timeout of a few seconds.
pub async fn notify_clients(app: &Arc<App>, ended: &[EndedSession]) {
    let leased = ended.iter().flat_map(|session| &session.leased);
    let attempts: Vec<_> = leased
        .map(|delivery| tokio::spawn(attempt_delivery(Arc::clone(app), delivery.clone())))
        .collect();
    let all = async {
        for attempt in attempts {
            // An attempt that panicked is retried once its lease is over.
            let _ = attempt.await;
        }
    };
    if tokio::time::timeout(FIRST_ATTEMPTS_TIMEOUT, all)
        .await
        .is_err()
    {
        tracing::warn!("Not every client answered in time that a session is over");
    }
}

/// Sends one logout token to one client, and records the outcome.
pub async fn attempt_delivery(app: Arc<App>, delivery: Delivery) {
    // If no permit becomes free in time, do nothing: the lease expires, and the next holder tries.
    let permit = tokio::time::timeout(CALL_TIMEOUT, app.logout_calls.permit(&delivery.client_id));
    let Ok(Some(_permit)) = permit.await else {
        return;
    };
    let client = app.clients.get(delivery.client_id.as_str());
    let uri = client.and_then(|client| client.logout.backchannel.as_ref());
    let recorded = match (client, uri) {
        (Some(client), Some(uri)) if delivery.expires_at > app.removal_time.now() => {
            let (outcome, detail) = call(&app, client, uri, &delivery).await;
            record(&app, &delivery, outcome, &detail).await
        }
        (Some(_), Some(_)) => {
            log_abandoned(&delivery, "nobody could call it in time");
            complete(&app, &delivery, DeliveryOutcome::Abandoned).await
        }
        _ => {
            log_abandoned(&delivery, "it has no backchannel_logout_uri any more");
            complete(&app, &delivery, DeliveryOutcome::Abandoned).await
        }
    };
    if let Err(error) = recorded {
        log_failure(&error);
    }
}

/// Sends a new logout token. Returns the outcome with a description for the log.
async fn call(
    app: &App,
    client: &Client,
    uri: &url::Url,
    delivery: &Delivery,
) -> (AttemptOutcome, String) {
    let now = app.host.clock.now();
    let claims = logout_token::claims(delivery, app.issuer.as_str(), now, &mut rand::rng());
    let token = match app.keys.sign(client.id_token_alg, "logout+jwt", &claims) {
        Ok(token) => token,
        Err(error) => {
            return (
                AttemptOutcome::Failed,
                format!("no token could be signed: {error}"),
            );
        }
    };
    let request = app.host.http.post(uri.clone()).timeout(CALL_TIMEOUT);
    match request.form(&[("logout_token", token)]).send().await {
        Ok(response) => {
            let status = response.status();
            (
                retry::outcome(status.as_u16()),
                format!("it answered {status}"),
            )
        }
        Err(error) => (AttemptOutcome::Failed, failure(&error)),
    }
}

/// Why a request failed, in one sentence that helps an operator: the problem with TLS, or the innermost
/// cause.
fn failure(error: &reqwest::Error) -> String {
    if let Some(problem) = TlsProblem::of(error) {
        return format!("no TLS connection: {problem}");
    }
    let mut error: &dyn Error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}

/// Records the outcome of an attempt: delivered, to be retried, or abandoned.
async fn record(
    app: &App,
    delivery: &Delivery,
    outcome: AttemptOutcome,
    detail: &str,
) -> Result<(), StoreError> {
    let (id, sid) = (delivery.client_id.as_str(), &delivery.sid);
    if outcome == AttemptOutcome::Accepted {
        tracing::info!(client_id = id, %sid, "Told {id} that session {sid} is over");
        return complete(app, delivery, DeliveryOutcome::Delivered).await;
    }
    let now = app.host.clock.now();
    // A clock that jumped ahead gives no delivery up.
    let expires_at = delivery.expires_at + (now - app.removal_time.now());
    let Some(due) = retry::next(delivery.attempts, outcome, expires_at, now) else {
        log_abandoned(delivery, detail);
        return complete(app, delivery, DeliveryOutcome::Abandoned).await;
    };
    let (attempts, again) = (delivery.attempts, (due - now).num_seconds());
    let remedy = match outcome {
        AttemptOutcome::Refused => {
            "it calls the logout token wrong, or its own logout failed; compare issuer, client_id and \
             clock there, its log says which"
        }
        _ => "check its backchannel_logout_uri, and that it can be reached from here",
    };
    tracing::warn!(client_id = id, %sid, attempts, "{id} did not take the end of session {sid} ({detail}); it is told again in {again} s; {remedy}");
    app.store.postpone(delivery, due).await
}

async fn complete(
    app: &App,
    delivery: &Delivery,
    outcome: DeliveryOutcome,
) -> Result<(), StoreError> {
    let now = app.host.clock.now();
    app.store.complete(delivery, outcome, now).await
}

fn log_abandoned(delivery: &Delivery, why: &str) {
    let (id, sid, attempts) = (
        delivery.client_id.as_str(),
        &delivery.sid,
        delivery.attempts,
    );
    tracing::error!(client_id = id, %sid, attempts, "{id} was not told that session {sid} of {} is over, and will not be: {why}. Whoever is signed in there stays so by its own limits", delivery.subject);
}

/// Logs that deliveries are delayed because the store failed.
pub fn log_failure(error: &StoreError) {
    tracing::error!(causes = causes(error), "Logout tokens wait: {error}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::error::tests::assert_all_causes_are_logged;

    #[test]
    fn a_failure_of_the_store_is_logged_with_all_its_causes() {
        assert_all_causes_are_logged(log_failure);
    }
}
