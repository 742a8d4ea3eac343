//! `urn:ietf:params:oauth:grant-type:token-exchange`: what somebody holds, for a token of ours
//! (RFC 8693): a ticket of the portal's that an application was sent, or an access token for a
//! narrower audience.

use crate::oauth::claims::AccessTokenClaims;
use crate::oauth::client::Client;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::grant_type::{ACCESS_TOKEN, GrantType, SubjectTokenType};
use crate::oauth::params::Params;
use crate::oauth::resource;
use crate::oauth::scope::{Scope, Scopes};

/// A token request for this grant type.
pub struct ExchangeRequest<'a> {
    /// What is exchanged.
    pub subject_token: &'a str,
    /// Of which type it is.
    pub subject_token_type: SubjectTokenType,
    /// Whom the new token is asked for: resources, and audiences by name (RFC 8693 §2.1).
    pub targets: Vec<String>,
    scope: Option<&'a str>,
}

/// Reads the request.
///
/// # Errors
///
/// `invalid_request` when a parameter is missing or is not one that can be served (RFC 8693
/// §2.2.2), `unauthorized_client` when the client may not exchange such tokens, `invalid_target` when it
/// may not ask for a target.
pub fn read<'a>(form: &'a Params, client: &Client) -> Result<ExchangeRequest<'a>, OAuthError> {
    let subject_token = form.sole("subject_token")?;
    let Some(subject_token_type) = SubjectTokenType::parse(form.sole("subject_token_type")?) else {
        return Err(OAuthError::invalid_request(
            "tickets and access tokens can be exchanged; the subject_token_type is neither",
        ));
    };
    if form
        .get("actor_token")
        .or(form.get("actor_token_type"))
        .is_some()
    {
        return Err(OAuthError::invalid_request(
            "an actor_token is not supported",
        ));
    }
    if form
        .get("requested_token_type")
        .is_some_and(|requested| requested != ACCESS_TOKEN)
    {
        return Err(OAuthError::invalid_request(
            "the only requested_token_type here is an access token",
        ));
    }
    if !client.subject_token_types.contains(&subject_token_type) {
        return Err(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            "the client is not registered for this subject_token_type",
        ));
    }
    Ok(ExchangeRequest {
        subject_token,
        subject_token_type,
        targets: resource::targets(form, client)?,
        scope: form.get("scope"),
    })
}

/// The scopes that a ticket brings: all that are asked for. A refresh token goes to clients that
/// may use one.
#[must_use]
pub fn of_ticket(request: &ExchangeRequest<'_>, client: &Client) -> Scopes {
    let asked = request.scope.map(Scopes::parse).unwrap_or_default();
    if client.may_use(GrantType::RefreshToken) {
        return asked;
    }
    asked.without(Scope::OfflineAccess)
}

/// What an access token is exchanged for.
#[derive(Debug)]
pub struct Narrowed {
    /// What is left of its scopes. Never `openid`: the new token is for a service, which has no
    /// business at userinfo.
    pub scopes: Scopes,
    /// Whom the new token is for.
    pub audience: Vec<String>,
}

/// Decides what an access token, `found` to be good, brings to `client`.
///
/// # Errors
///
/// `invalid_request` when it is not good, or neither the client's own nor for it (N40);
/// `invalid_target` when no target is named, or one the client may not ask for; `invalid_scope`
/// when more is asked for than it has.
pub fn of_access_token(
    request: ExchangeRequest<'_>,
    client: &Client,
    found: Option<&AccessTokenClaims>,
) -> Result<Narrowed, OAuthError> {
    let held = found
        .filter(|claims| claims.client_id == client.id.as_str() || claims.aud.includes(client))
        .ok_or_else(|| {
            OAuthError::invalid_request(
                "the subject_token is unknown, expired, revoked, or not for this client",
            )
        })?;
    let audience = request.targets;
    if audience.is_empty() {
        return Err(OAuthError::new(
            ErrorCode::InvalidTarget,
            "name the service the token is for, by resource or audience",
        ));
    }
    let has = Scopes::parse(&held.scope);
    let asked = request.scope.map_or_else(|| has.clone(), Scopes::parse);
    if !asked.are_among(&has) {
        return Err(OAuthError::new(
            ErrorCode::InvalidScope,
            "more is asked for than the subject_token has",
        ));
    }
    Ok(Narrowed {
        scopes: asked.without(Scope::Openid).without(Scope::OfflineAccess),
        audience,
    })
}
