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

/// Tells every client of the ended sessions that has a `backchannel_logout_uri`, all at once, and
/// waits until they know or a few seconds are over.
pub async fn tell(app: &Arc<App>, ended: &[EndedSession]) {
    let mut calls = JoinSet::new();
    for session in ended {
        let clients = session.clients.iter();
        for client in clients.filter_map(|id| app.clients.get(id.as_str())) {
            if let Some(call) = call(app, client, session) {
                calls.spawn(call);
            }
        }
    }
    let all = async { while calls.join_next().await.is_some() {} };
    if tokio::time::timeout(PATIENCE, all).await.is_err() {
        tracing::warn!("Not every client answered in time that a session is over");
    }
}

fn call(
    app: &App,
    client: &Client,
    ended: &EndedSession,
) -> Option<impl Future<Output = ()> + Send + use<>> {
    let uri = client.backchannel_logout_uri.clone()?;
    let token = token(app, client, ended, &mut rand::rng())?;
    let request = app.host.http.post(uri).timeout(PATIENCE);
    let request = request.form(&[("logout_token", token)]);
    let (id, sid) = (client.id.clone(), ended.sid.clone());
    Some(async move {
        let answer = request.send().await;
        match answer.and_then(reqwest::Response::error_for_status) {
            Ok(_) => {
                tracing::info!(client_id = id.as_str(), %sid, "Told {} that session {sid} is over", id.as_str());
            }
            Err(error) => {
                tracing::warn!(client_id = id.as_str(), %sid, "{} did not take the end of session {sid}: {error}", id.as_str());
            }
        }
    })
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
