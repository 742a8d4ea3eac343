//! `/userinfo`: who an access token is about (OIDC Core §5.3).

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::access_token;
use super::error::Failure;
use super::extract::client::is_form;
use crate::app::App;
use crate::oauth::claims_request::PersonClaim;
use crate::oauth::client::Client;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::grant::Grant;
use crate::oauth::params::Params;
use crate::oauth::scope::{Scope, Scopes};
use crate::oauth::user_claims::person;
use crate::oauth::{claims, user_claims};
use crate::people::Profile;

/// `GET /userinfo`.
///
/// # Errors
///
/// [`Failure::Bearer`] when the token is no good.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    match bearer(&headers)? {
        Some(token) => userinfo(&app, token).await,
        None => Ok(challenge()),
    }
}

/// `POST /userinfo`: the token may come in the body (RFC 6750 §2.2).
///
/// # Errors
///
/// As [`get`]; `invalid_request` when it comes twice.
pub(super) async fn post(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let invalid = |description| Failure::Bearer(OAuthError::invalid_request(description), None);
    let body = body.map_err(|_| invalid("the body is too large or broke off"))?;
    // RFC 6750 §2.2: only a form can bring a token.
    let body = if is_form(&headers) {
        body
    } else {
        Bytes::new()
    };
    let form = Params::parse(&body).map_err(|_| invalid("there are too many parameters"))?;
    if form.repeats("access_token") {
        return Err(invalid("the access token is given twice"));
    }
    match (bearer(&headers)?, form.get("access_token")) {
        (Some(_), Some(_)) => Err(invalid(
            "the access token is given twice; send it in the header alone",
        )),
        (Some(token), None) | (None, Some(token)) => userinfo(&app, token).await,
        (None, None) => Ok(challenge()),
    }
}

/// The token of an `Authorization: Bearer` header (RFC 6750 §2.1).
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    let mut all = headers.get_all(AUTHORIZATION).into_iter();
    let Some(header) = all.next() else {
        return Ok(None);
    };
    if all.next().is_some() {
        return Err(Failure::Bearer(
            OAuthError::invalid_request("there is more than one Authorization header"),
            None,
        ));
    }
    let token = header
        .to_str()
        .ok()
        .and_then(|header| header.split_once(' '));
    match token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer")) {
        Some((_, token)) => Ok(Some(token.trim())),
        None => Err(Failure::Bearer(
            OAuthError::invalid_request("the Authorization header is not a Bearer one"),
            None,
        )),
    }
}

/// "If the request lacks any authentication information, the resource server SHOULD NOT include an
/// error code" (RFC 6750 §3.1).
fn challenge() -> Response {
    (
        StatusCode::UNAUTHORIZED,
        [(
            WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"panda-oidc\""),
        )],
    )
        .into_response()
}

/// `GET /userinfo/emails`: the person's addresses, as GitHub lists them. Grafana asks for it below the
/// address of userinfo where it was told none.
///
/// # Errors
///
/// As [`get`]; `insufficient_scope` where the client gets addresses and the token has no `email`.
pub(super) async fn emails(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let Some(token) = bearer(&headers)? else {
        return Ok(challenge());
    };
    let asked = asked(&app, token).await?;
    let rules = &asked.client.claims;
    let told = asked
        .grant
        .claims
        .userinfo
        .tell(PersonClaim::Email, &asked.scopes);
    if !told && rules.bring_email() {
        return Err(insufficient_scope("the addresses need the scope email"));
    }
    Ok((no_store(), Json(user_claims::emails(&asked.profile, rules))).into_response())
}

/// What a token that is good for userinfo stands for.
struct Asked {
    client: Arc<Client>,
    grant: Grant,
    profile: Profile,
    scopes: Scopes,
}

async fn asked(app: &App, unverified: &str) -> Result<Asked, Failure> {
    let invalid = || {
        let description = "the access token is unknown, expired or revoked";
        Failure::Bearer(OAuthError::new(ErrorCode::InvalidToken, description), None)
    };
    let found = access_token::find(app, unverified)
        .await
        .map_err(|error| Failure::internal(Failure::Bearer, error))?;
    let found = found.ok_or_else(invalid)?;
    let (token, granted) = (found.claims, found.granted.ok_or_else(invalid)?);
    let client = app.clients.get(&token.client_id).ok_or_else(invalid)?;
    let scopes = Scopes::parse(&token.scope);
    if !scopes.contains(Scope::Openid) {
        return Err(insufficient_scope("userinfo needs the scope openid"));
    }
    // Only a token that was exchanged is another client's than its grant, and it has no `openid`.
    if granted.grant.client_id.as_str() != token.client_id {
        return Err(invalid());
    }
    Ok(Asked {
        client: Arc::clone(client),
        profile: app.profile(granted.user, granted.link),
        grant: granted.grant,
        scopes,
    })
}

fn insufficient_scope(description: &'static str) -> Failure {
    let error = OAuthError::new(ErrorCode::InsufficientScope, description);
    Failure::Bearer(error, None)
}

fn no_store() -> [(HeaderName, HeaderValue); 1] {
    [(CACHE_CONTROL, HeaderValue::from_static("no-store"))]
}

async fn userinfo(app: &App, unverified: &str) -> Result<Response, Failure> {
    let Asked {
        client,
        grant,
        profile,
        scopes,
    } = asked(app, unverified).await?;
    let person = person(&profile, &scopes, &grant.claims.userinfo, &client.claims);
    let Some(alg) = client.userinfo_alg else {
        return Ok((no_store(), Json(person)).into_response());
    };
    let claims = claims::userinfo(person, &client, app.issuer.as_str());
    let signed = app.keys.sign(alg, "JWT", &claims);
    let signed = signed.map_err(|error| Failure::internal(Failure::Bearer, error))?;
    let kind = [(CONTENT_TYPE, HeaderValue::from_static("application/jwt"))];
    Ok((no_store(), kind, signed).into_response())
}
