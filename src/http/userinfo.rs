//! `/userinfo`: the claims about the user of an access token (OIDC Core §5.3).

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::error::BearerError;
use super::extract::client::is_form;
use crate::app::App;
use crate::oauth::claims_request::UserClaim;
use crate::oauth::error::OAuthError;
use crate::oauth::params::Params;
use crate::oauth::user_claims::user_claims;
use crate::oauth::{claims, user_claims};
use crate::service::userinfo::{UserinfoGrant, authorize, insufficient_scope};

/// `GET /userinfo`.
///
/// # Errors
///
/// [`BearerError`] when the token is not valid.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, BearerError> {
    match bearer(&headers)? {
        Some(token) => userinfo(&app, token).await,
        None => Ok(challenge()),
    }
}

/// `POST /userinfo`: the token may come in the body (RFC 6750 §2.2).
///
/// # Errors
///
/// As [`get`]; `invalid_request` when the token is sent twice.
pub(super) async fn post(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, BearerError> {
    let invalid = |description| BearerError::from(OAuthError::invalid_request(description));
    let body = body.map_err(|_| invalid("the body is too large or broke off"))?;
    // RFC 6750 §2.2: a body can carry a token only if it is a form.
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
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, BearerError> {
    let mut all = headers.get_all(AUTHORIZATION).into_iter();
    let Some(header) = all.next() else {
        return Ok(None);
    };
    if all.next().is_some() {
        let error = "there is more than one Authorization header";
        return Err(OAuthError::invalid_request(error).into());
    }
    let token = header
        .to_str()
        .ok()
        .and_then(|header| header.split_once(' '));
    if let Some((_, token)) = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer")) {
        Ok(Some(token.trim()))
    } else {
        let error = "the Authorization header is not a Bearer one";
        Err(OAuthError::invalid_request(error).into())
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

/// `GET /userinfo/emails`: the user's e-mail addresses, in GitHub's format. Grafana requests it below
/// the userinfo URL when the claims contain no address.
///
/// # Errors
///
/// As [`get`]; `insufficient_scope` when the client may receive addresses but the token lacks the
/// scope `email`.
pub(super) async fn emails(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, BearerError> {
    let Some(token) = bearer(&headers)? else {
        return Ok(challenge());
    };
    let granted = authorize(&app, token).await?;
    let rules = &granted.client.claims;
    let requested = &granted.grant.claims.userinfo;
    if !requested.is_requested(UserClaim::Email, &granted.scopes) && rules.grants_email() {
        return Err(insufficient_scope("the addresses need the scope email").into());
    }
    let emails = user_claims::emails(&granted.profile, rules).unwrap_or_else(|failure| {
        app.rule_log.log(&[failure]);
        Vec::new()
    });
    Ok((no_store(), Json(emails)).into_response())
}

fn no_store() -> [(HeaderName, HeaderValue); 1] {
    [(CACHE_CONTROL, HeaderValue::from_static("no-store"))]
}

async fn userinfo(app: &App, unverified: &str) -> Result<Response, BearerError> {
    let UserinfoGrant {
        client,
        grant,
        profile,
        scopes,
    } = authorize(app, unverified).await?;
    let person = user_claims(&profile, &scopes, &grant.claims.userinfo, &client.claims);
    app.rule_log.log(person.failures());
    let Some(alg) = client.userinfo_alg else {
        return Ok((no_store(), Json(person)).into_response());
    };
    let claims = claims::userinfo(person, &client, app.issuer.as_str());
    let signed = app.keys.sign(alg, "JWT", &claims)?;
    let kind = [(CONTENT_TYPE, HeaderValue::from_static("application/jwt"))];
    Ok((no_store(), kind, signed).into_response())
}
