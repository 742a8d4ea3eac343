//! Token introspection: what the response says about a token (RFC 7662).

use std::borrow::Cow;

use serde::Serialize;

use super::claims::{AccessTokenClaims, Audience};
use super::grant::ActiveGrant;

/// The introspection response (RFC 7662 §2.2).
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

/// Members for access tokens, but not for refresh tokens.
#[derive(Debug, Serialize)]
struct Access<'a> {
    token_type: &'static str,
    aud: &'a Audience,
    iat: i64,
    jti: &'a str,
}

/// Members for tokens of a user, but not for a client's own tokens.
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

/// The response for a token that is unknown, expired, revoked, or not meant for the client that
/// asks. It must be the same in all cases (RFC 7662 §2.2; N43, docs/security.md).
#[must_use]
pub fn inactive() -> Introspection<'static> {
    Introspection {
        active: false,
        details: None,
    }
}

/// The response for a valid access token. `granted` is its grant, or `None` for a client's own
/// token.
#[must_use]
pub fn access_token<'a>(
    claims: &'a AccessTokenClaims,
    granted: Option<&'a ActiveGrant>,
) -> Introspection<'a> {
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

/// The response for a refresh token that is valid until `exp`, in seconds since 1970.
#[must_use]
pub fn refresh_token<'a>(granted: &'a ActiveGrant, exp: i64, issuer: &'a str) -> Introspection<'a> {
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
