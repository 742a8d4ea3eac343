//! `/userinfo`: the claims about the user of an access token (OIDC Core §5.3).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};

use super::error::BearerError;
use super::extract::bearer_token::BearerToken;
use super::response::NO_STORE;
use crate::app::App;
use crate::oauth::user_claim::UserClaim;
use crate::oauth::user_claims::user_claims;
use crate::oauth::{claims, user_claims};
use crate::service::userinfo::{UserinfoGrant, authorize, insufficient_scope};

/// `GET /userinfo` and `POST /userinfo`.
///
/// # Errors
///
/// [`BearerError`] when the token is not valid.
pub(super) async fn userinfo(
    State(app): State<Arc<App>>,
    BearerToken(token): BearerToken,
) -> Result<Response, BearerError> {
    let UserinfoGrant {
        client,
        grant,
        profile,
        scopes,
    } = authorize(&app, &token).await?;
    let person = user_claims(&profile, &scopes, &grant.claims.userinfo, &client.claims);
    app.rule_log.log(person.failures());
    let Some(alg) = client.userinfo_alg else {
        return Ok(([NO_STORE], Json(person)).into_response());
    };
    let claims = claims::userinfo(person, &client, app.issuer.as_str());
    let signed = app.keys.sign(alg, "JWT", &claims)?;
    let kind = [(CONTENT_TYPE, HeaderValue::from_static("application/jwt"))];
    Ok(([NO_STORE], kind, signed).into_response())
}

/// `GET /userinfo/emails`: the user's e-mail addresses, in GitHub's format. Grafana requests it below
/// the userinfo URL when the claims contain no address.
///
/// # Errors
///
/// As [`userinfo`]; `insufficient_scope` when the client may receive addresses but the token lacks
/// the scope `email`.
pub(super) async fn emails(
    State(app): State<Arc<App>>,
    BearerToken(token): BearerToken,
) -> Result<Response, BearerError> {
    let granted = authorize(&app, &token).await?;
    let rules = &granted.client.claims;
    let requested = &granted.grant.claims.userinfo;
    if !requested.is_requested(UserClaim::Email, &granted.scopes) && rules.grants_email() {
        return Err(insufficient_scope("the addresses need the scope email").into());
    }
    let emails = user_claims::emails(&granted.profile, rules).unwrap_or_else(|failure| {
        app.rule_log.log(&[failure]);
        Vec::new()
    });
    Ok(([NO_STORE], Json(emails)).into_response())
}
