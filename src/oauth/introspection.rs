//! Token introspection: what a client may learn of a token (RFC 7662).

use std::borrow::Cow;

use serde::Serialize;

use super::claims::{AccessTokenClaims, Audience};
use super::client::Client;
use super::grant::ActiveGrant;

/// The answer (RFC 7662 §2.2).
#[derive(Debug, Serialize)]
pub struct Introspection<'a> {
    active: bool,
    #[serde(flatten)]
    details: Option<Details<'a>>,
}

#[derive(Debug, Serialize)]
struct Details<'a> {
    iss: &'a str,
    sub: &'a str,
    client_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    scope: Cow<'a, str>,
    exp: i64,
    #[serde(flatten)]
    access: Option<Access<'a>>,
    #[serde(flatten)]
    login: Option<Login<'a>>,
}

/// What an access token has and a refresh token has not.
#[derive(Debug, Serialize)]
struct Access<'a> {
    token_type: &'static str,
    aud: &'a Audience,
    iat: i64,
    jti: &'a str,
}

/// What a token of a person has and one of a client alone has not.
#[derive(Debug, Serialize)]
struct Login<'a> {
    /// The claim `preferred_username`.
    username: &'a str,
    sid: &'a str,
    auth_time: i64,
}

impl<'a> Login<'a> {
    fn of(granted: &'a ActiveGrant) -> Self {
        Self {
            username: granted.user.subject().as_str(),
            sid: granted.grant.sid.as_str(),
            auth_time: granted.grant.auth_time.timestamp(),
        }
    }
}

/// The answer about a token that is unknown, expired, revoked, or none of the asking client's
/// business: it must not tell these apart (RFC 7662 §2.2, N43).
#[must_use]
pub fn inactive() -> Introspection<'static> {
    Introspection {
        active: false,
        details: None,
    }
}

/// The answer about an access token that is good; `granted` is its grant, if a person gave one.
///
/// It is given to the client the token was issued to, and to a resource server the token is for.
#[must_use]
pub fn access_token<'a>(
    claims: &'a AccessTokenClaims,
    granted: Option<&'a ActiveGrant>,
    asking: &Client,
) -> Introspection<'a> {
    let own = claims.client_id == asking.id.as_str();
    if !own && !claims.aud.includes(asking) {
        return inactive();
    }
    Introspection {
        active: true,
        details: Some(Details {
            iss: &claims.iss,
            sub: &claims.sub,
            client_id: &claims.client_id,
            scope: claims.scope.as_str().into(),
            exp: claims.exp,
            access: Some(Access {
                token_type: "Bearer",
                aud: &claims.aud,
                iat: claims.iat,
                jti: &claims.jti,
            }),
            login: granted.map(Login::of),
        }),
    }
}

/// The answer about a refresh token that can be used until `exp`, in seconds since 1970. It is for its own client alone.
#[must_use]
pub fn refresh_token<'a>(
    granted: &'a ActiveGrant,
    exp: i64,
    issuer: &'a str,
    asking: &Client,
) -> Introspection<'a> {
    if granted.grant.client_id != asking.id {
        return inactive();
    }
    Introspection {
        active: true,
        details: Some(Details {
            iss: issuer,
            sub: granted.user.subject().as_str(),
            client_id: granted.grant.client_id.as_str(),
            scope: granted.grant.scopes.to_string().into(),
            exp,
            access: None,
            login: Some(Login::of(granted)),
        }),
    }
}
