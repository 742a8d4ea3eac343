//! `POST /token`: exchanges a code for tokens (RFC 6749 §4.1.3, OIDC Core §3.1.3).

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::failure::Failure;
use crate::app::App;
use crate::handle::{Digest, Handle};
use crate::keys::at_hash;
use crate::oauth::authenticate::authenticate;
use crate::oauth::client::Client;
use crate::oauth::error::OAuthError;
use crate::oauth::grant::Granted;
use crate::oauth::params::Params;
use crate::oauth::scope::Scope;
use crate::oauth::{claims, token};
use crate::store::Taken;

/// A successful answer (RFC 6749 §5.1, OIDC Core §3.1.3.3).
#[derive(Serialize)]
struct TokenResponse {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
}

/// Exchanges a code.
///
/// # Errors
///
/// [`Failure::Json`] with a registered code.
pub(super) async fn token(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let form = read_form(&uri, &headers, body)?;
    if headers.get_all(AUTHORIZATION).iter().count() > 1 {
        return Err(
            OAuthError::invalid_request("there is more than one Authorization header").into(),
        );
    }
    let header = headers
        .get(AUTHORIZATION)
        .map(|value| value.to_str().unwrap_or_default());
    let client = authenticate(header, &form, &app.clients)?;
    let request = token::read(&form)?;
    // A code is spent before anything else is looked at or signed: of any number of callers one
    // goes on (N22), and a wrong verifier gets no second try (N28).
    let id = Handle::parse(request.code).map(|code| code.digest());
    let taken = match &id {
        Some(id) => app
            .store
            .take(id, app.host.clock.now())
            .await
            .map_err(|error| Failure::internal(Failure::Json, error))?,
        None => Taken::Unknown,
    };
    let granted = match taken {
        Taken::Granted(granted) => Some(*granted),
        Taken::Reused(of) => {
            tracing::warn!(
                client_id = of.as_str(),
                "A code of {} was presented again; what it gave is revoked",
                of.as_str()
            );
            None
        }
        Taken::Unknown => None,
    };
    let granted = token::redeem(&request, client, granted)?;
    let id = id.unwrap_or_else(|| Digest::of(b""));
    let response = sign(&app, client, &granted, &id)?;
    // RFC 6749 §5.1 demands both.
    let no_store = [
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (PRAGMA, HeaderValue::from_static("no-cache")),
    ];
    Ok((no_store, Json(response)).into_response())
}

/// Credentials and codes belong into the body (RFC 6749 §2.3.1, §3.2).
fn read_form(
    uri: &Uri,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Params, OAuthError> {
    if uri.query().is_some_and(|query| !query.is_empty()) {
        return Err(OAuthError::invalid_request(
            "parameters belong into the body, not into the URL",
        ));
    }
    if !is_form(headers) {
        return Err(OAuthError::invalid_request(
            "the body is not application/x-www-form-urlencoded",
        ));
    }
    let body =
        body.map_err(|_| OAuthError::invalid_request("the body is too large or broke off"))?;
    Params::parse(&body).map_err(|_| OAuthError::invalid_request("there are too many parameters"))
}

/// Whether the body is a form, by its media type.
#[must_use]
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

fn sign(
    app: &App,
    client: &Client,
    granted: &Granted,
    id: &Digest,
) -> Result<TokenResponse, Failure> {
    let now = app.host.clock.now();
    let internal = |error| Failure::internal(Failure::Json, error);
    let access = claims::access_token(granted, id, client, app.issuer.as_str(), now);
    let access_token = app
        .keys
        .sign(client.access_token.alg, client.access_token.typ, &access)
        .map_err(internal)?;
    let id_token = granted.grant.scopes.contains(Scope::Openid).then(|| {
        let at_hash = at_hash(client.id_token_alg, &access_token);
        let claims = claims::id_token(granted, client, app.issuer.as_str(), &at_hash, now);
        app.keys.sign(client.id_token_alg, "JWT", &claims)
    });
    Ok(TokenResponse {
        access_token,
        token_type: "Bearer",
        expires_in: client.access_token.lifetime.num_seconds(),
        id_token: id_token.transpose().map_err(internal)?,
        scope: granted.grant.scopes.to_string(),
    })
}
