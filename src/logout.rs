//! Telling clients that a session is over (OpenID Connect Back-Channel Logout 1.0).

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use rand::CryptoRng;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::app::App;
use crate::handle::Handle;
use crate::oauth::client::Client;
use crate::store::EndedSession;

/// How long all clients together may take; the browser waits for it.
const PATIENCE: Duration = Duration::from_secs(3);

/// A logout token is looked at once, when it arrives (§2.4: "preferably at most two minutes in the
/// future").
const LIFETIME: TimeDelta = TimeDelta::minutes(2);

/// The claims of a logout token (§2.4). There is no `nonce`, so that none passes for an ID token.
#[derive(Serialize)]
struct LogoutClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
    events: Value,
    sid: &'a str,
}

/// Tells every client of an ended session that has a `backchannel_logout_uri`, all at once, and
/// waits until they know or a few seconds are over.
pub async fn tell(app: &Arc<App>, ended: &EndedSession) {
    let clients = ended
        .clients
        .iter()
        .filter_map(|id| app.clients.get(id.as_str()));
    let mut calls = JoinSet::new();
    for client in clients {
        let Some(uri) = client.backchannel_logout_uri.clone() else {
            continue;
        };
        let Some(token) = token(app, client, ended, &mut rand::rng()) else {
            continue;
        };
        let call = app
            .host
            .http
            .post(uri)
            .timeout(PATIENCE)
            .form(&[("logout_token", token)])
            .send();
        let id = client.id.clone();
        calls.spawn(async move { (id, call.await.and_then(reqwest::Response::error_for_status)) });
    }
    let all = async {
        while let Some(answered) = calls.join_next().await {
            match answered {
                Ok((id, Ok(_))) => {
                    tracing::info!(client_id = id.as_str(), sid = %ended.sid, "Told {} that session {} is over", id.as_str(), ended.sid);
                }
                Ok((id, Err(error))) => {
                    tracing::warn!(client_id = id.as_str(), sid = %ended.sid, "{} did not take the end of session {}: {error}", id.as_str(), ended.sid);
                }
                Err(error) => tracing::error!("A logout call broke off: {error}"),
            }
        }
    };
    if tokio::time::timeout(PATIENCE, all).await.is_err() {
        tracing::warn!(sid = %ended.sid, "Not every client answered the end of session {} in time", ended.sid);
    }
}

fn token(
    app: &App,
    client: &Client,
    ended: &EndedSession,
    rng: &mut impl CryptoRng,
) -> Option<String> {
    let now = app.host.clock.now();
    let claims = LogoutClaims {
        iss: app.issuer.as_str(),
        sub: ended.subject.as_str(),
        aud: client.id.as_str(),
        iat: now.timestamp(),
        exp: (now + LIFETIME).timestamp(),
        jti: Handle::random(rng).expose().to_owned(),
        events: json!({ "http://schemas.openid.net/event/backchannel-logout": {} }),
        sid: ended.sid.as_str(),
    };
    match app.keys.sign(client.id_token_alg, "logout+jwt", &claims) {
        Ok(token) => Some(token),
        Err(error) => {
            tracing::error!(
                client_id = client.id.as_str(),
                "A logout token could not be signed: {error}"
            );
            None
        }
    }
}
