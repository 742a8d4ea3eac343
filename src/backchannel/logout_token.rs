//! The logout token (Back-Channel Logout 1.0 §2.4).

use chrono::{DateTime, TimeDelta, Utc};
use rand::CryptoRng;
use serde::Serialize;
use serde_json::{Value, json};

use crate::crypto::handle::Handle;
use crate::session::Delivery;

/// The client validates the token on receipt, so it can be short-lived (§2.4: "preferably at most
/// two minutes in the future").
const LIFETIME: TimeDelta = TimeDelta::minutes(2);

/// The claims of a logout token. It has no `nonce`, so that it cannot pass for an ID token.
#[derive(Serialize)]
pub struct LogoutClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
    events: Value,
    sid: &'a str,
}

/// The claims of the token for one attempt. Each attempt has its own `jti`, `iat` and `exp`.
pub fn claims<'a>(
    delivery: &'a Delivery,
    issuer: &'a str,
    now: DateTime<Utc>,
    rng: &mut impl CryptoRng,
) -> LogoutClaims<'a> {
    LogoutClaims {
        iss: issuer,
        sub: delivery.subject.as_str(),
        aud: delivery.client_id.as_str(),
        iat: now.timestamp(),
        exp: (now + LIFETIME).timestamp(),
        jti: Handle::random(rng).expose().to_owned(),
        events: json!({ "http://schemas.openid.net/event/backchannel-logout": {} }),
        sid: delivery.sid.as_str(),
    }
}
