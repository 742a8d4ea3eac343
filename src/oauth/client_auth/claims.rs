//! The claims of an assertion, rule by rule (RFC 7523 §3).

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::proof::ClientCredentials;
use crate::oauth::error::OAuthError;

/// How far in the future `exp` may be. The assertion is remembered until then.
const MAX_VALIDITY: TimeDelta = TimeDelta::hours(1);
/// How far a client's clock may be ahead.
const MAX_CLOCK_AHEAD: TimeDelta = TimeDelta::seconds(60);
/// How long an expired assertion is still accepted: clocks differ, and requests take time.
const EXPIRY_LEEWAY: TimeDelta = TimeDelta::seconds(30);

/// The content of an assertion whose claims are valid.
pub(super) struct Claims {
    pub(super) client_id: String,
    pub(super) jti: String,
    /// When the assertion can no longer be used.
    pub(super) until: DateTime<Utc>,
}

/// Checks every claim. None of the checks depends on how the client is registered.
pub(super) fn check(payload: &[u8], request: &ClientCredentials<'_>) -> Result<Claims, OAuthError> {
    let claims: Map<String, Value> = serde_json::from_slice(payload).map_err(|_| {
        OAuthError::invalid_client("the claims of the client_assertion are no JSON object")
    })?;
    let client_id = client(&claims)?;
    client_id_matches(client_id, request)?;
    audience(&claims, request.audience)?;
    let until = expiry(&claims, request.now)?;
    not_in_the_future(&claims, request.now)?;
    Ok(Claims {
        jti: jti(&claims)?.to_owned(),
        client_id: client_id.to_owned(),
        until,
    })
}

/// `iss` and `sub`: each "MUST contain the `client_id`" (OIDC Core §9).
fn client(claims: &Map<String, Value>) -> Result<&str, OAuthError> {
    match (claims.get("iss"), claims.get("sub")) {
        (Some(Value::String(iss)), Some(Value::String(sub))) if iss == sub => Ok(iss),
        _ => Err(OAuthError::invalid_client(
            "iss and sub of the client_assertion are not both the client_id",
        )),
    }
}

/// RFC 7521 §4.2: a `client_id` parameter is not needed next to the assertion, and "MUST identify
/// the same client".
fn client_id_matches(client_id: &str, request: &ClientCredentials<'_>) -> Result<(), OAuthError> {
    match request.form.get("client_id") {
        Some(other) if other != client_id => Err(OAuthError::invalid_request(
            "the client_id differs between client_assertion and body",
        )),
        _ => Ok(()),
    }
}

/// An assertion that has another audience as well is refused: that recipient could use it here.
fn audience(claims: &Map<String, Value>, ours: &[String]) -> Result<(), OAuthError> {
    let is_this_provider =
        |value: &Value| ours.iter().any(|allowed| value.as_str() == Some(allowed));
    let accepted = match claims.get("aud") {
        Some(Value::Array(all)) => !all.is_empty() && all.iter().all(is_this_provider),
        Some(one) => is_this_provider(one),
        None => false,
    };
    if accepted {
        Ok(())
    } else {
        Err(OAuthError::invalid_client(
            "aud of the client_assertion is not this provider alone; write the issuer or the \
             token endpoint",
        ))
    }
}

fn expiry(claims: &Map<String, Value>, now: DateTime<Utc>) -> Result<DateTime<Utc>, OAuthError> {
    let exp = date(claims, "exp")?.ok_or(OAuthError::invalid_client(
        "exp of the client_assertion is missing",
    ))?;
    if exp > now + MAX_VALIDITY + MAX_CLOCK_AHEAD {
        return Err(OAuthError::invalid_client(
            "exp of the client_assertion is more than an hour ahead",
        ));
    }
    let until = exp + EXPIRY_LEEWAY;
    if until <= now {
        return Err(OAuthError::invalid_client(
            "the client_assertion has expired",
        ));
    }
    Ok(until)
}

fn not_in_the_future(claims: &Map<String, Value>, now: DateTime<Utc>) -> Result<(), OAuthError> {
    for (name, ahead) in [
        ("nbf", "nbf of the client_assertion is in the future"),
        ("iat", "iat of the client_assertion is in the future"),
    ] {
        if date(claims, name)?.is_some_and(|date| date > now + MAX_CLOCK_AHEAD) {
            return Err(OAuthError::invalid_client(ahead));
        }
    }
    Ok(())
}

/// "A JSON numeric value" (RFC 7519 §2). A string that looks like a number is refused (N33,
/// docs/security.md).
fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<DateTime<Utc>>, OAuthError> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let seconds = value.as_f64().map(f64::floor);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a number that is out of range saturates to one that is not a valid date"
    )]
    let date = seconds.and_then(|seconds| DateTime::from_timestamp(seconds as i64, 0));
    date.map(Some).ok_or(OAuthError::invalid_client(
        "exp, nbf and iat of a client_assertion are numbers of seconds",
    ))
}

/// `jti` identifies the assertion, so that it is used only once.
fn jti(claims: &Map<String, Value>) -> Result<&str, OAuthError> {
    let jti = claims.get("jti").and_then(Value::as_str);
    jti.filter(|jti| !jti.is_empty())
        .ok_or(OAuthError::invalid_client(
            "jti of the client_assertion is missing",
        ))
}
