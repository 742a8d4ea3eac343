//! `urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693): exchanges a portal ticket that an
//! application received, or an access token for one with a narrower audience.

use crate::oauth::claims::AccessTokenClaims;
use crate::oauth::client::Client;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::grant_type::{ACCESS_TOKEN, SubjectTokenType};
use crate::oauth::params::Params;
use crate::oauth::resource;
use crate::oauth::scope::{Scope, Scopes};

/// A token request for this grant type.
pub struct ExchangeRequest<'a> {
    /// The token to exchange.
    pub subject_token: &'a str,
    /// Its type.
    pub subject_token_type: SubjectTokenType,
    /// The targets of the new token: resources, and audiences by name (RFC 8693 §2.1).
    pub targets: Vec<String>,
    scope: Option<&'a str>,
}

/// Reads the request.
///
/// # Errors
///
/// `invalid_request` when a parameter is missing or not supported (RFC 8693 §2.2.2),
/// `unauthorized_client` when the client may not exchange this type of token, `invalid_target` when
/// it may not request a target.
pub fn read<'a>(form: &'a Params, client: &Client) -> Result<ExchangeRequest<'a>, OAuthError> {
    let subject_token = form.require("subject_token")?;
    let Some(subject_token_type) = SubjectTokenType::parse(form.require("subject_token_type")?)
    else {
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

/// The scopes that a ticket yields: all that are requested and that the client can have, as in an
/// authorization request.
#[must_use]
pub fn ticket_scopes(request: &ExchangeRequest<'_>, client: &Client) -> Scopes {
    client.obtainable(request.scope.map(Scopes::parse).unwrap_or_default())
}

/// The error for a subject token that is not valid (RFC 8693 §2.2.2). It is the same for every
/// reason, so that the client cannot tell them apart.
#[must_use]
pub fn invalid_subject_token() -> OAuthError {
    OAuthError::invalid_request(
        "the subject_token is unknown, expired, or belongs to somebody else",
    )
}

/// The content of the new token for an access token.
#[derive(Debug)]
pub struct Narrowed {
    /// Its scopes, at most those of the old token. Never `openid`: the new token is for a service,
    /// which has no need for userinfo.
    pub scopes: Scopes,
    /// The audience of the new token.
    pub audience: Vec<String>,
}

/// Decides what `client` gets for a valid access token with the claims `subject`, which was issued to
/// `holder`.
///
/// # Errors
///
/// `invalid_request` when the token was neither issued to `client` nor meant for
/// it (N40, docs/security.md); `invalid_target` when no target is named; `invalid_scope` as
/// [`Client::narrow`].
pub fn narrow_access_token(
    request: ExchangeRequest<'_>,
    client: &Client,
    (subject, holder): (&AccessTokenClaims, &Client),
) -> Result<Narrowed, OAuthError> {
    if !subject.may_be_presented_by(client) {
        return Err(invalid_subject_token());
    }
    let audience = request.targets;
    if audience.is_empty() {
        return Err(OAuthError::new(
            ErrorCode::InvalidTarget,
            "name the service the token is for, by resource or audience",
        ));
    }
    let held_scopes = Scopes::parse(&subject.scope);
    let scopes = match request.scope {
        Some(requested) => holder.narrow(requested, &held_scopes)?,
        None => held_scopes,
    };
    Ok(Narrowed {
        scopes: scopes.without(Scope::Openid).without(Scope::OfflineAccess),
        audience,
    })
}
