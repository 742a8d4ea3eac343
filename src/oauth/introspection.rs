//! Token introspection: what a client may learn of a token (RFC 7662).

use serde::Serialize;

use super::claims::{AccessTokenClaims, Audience};
use super::client::Client;
use super::grant::Granted;

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
    /// The claim `preferred_username`.
    username: &'a str,
    scope: String,
    exp: i64,
    sid: &'a str,
    auth_time: i64,
    #[serde(flatten)]
    access: Option<Access<'a>>,
}

/// What an access token has and a refresh token has not.
#[derive(Debug, Serialize)]
struct Access<'a> {
    token_type: &'static str,
    aud: &'a Audience,
    iat: i64,
    jti: &'a str,
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

/// The answer about an access token whose grant stands.
///
/// It is given to the client the token was issued to, and to a resource server the token is for.
#[must_use]
pub fn access_token<'a>(
    claims: &'a AccessTokenClaims,
    granted: &'a Granted,
    asking: &Client,
) -> Introspection<'a> {
    let own = claims.client_id == asking.id.as_str();
    if !own && !is_for(&claims.aud, asking) {
        return inactive();
    }
    Introspection {
        active: true,
        details: Some(Details {
            client_id: &claims.client_id,
            scope: claims.scope.clone(),
            exp: claims.exp,
            access: Some(Access {
                token_type: "Bearer",
                aud: &claims.aud,
                iat: claims.iat,
                jti: &claims.jti,
            }),
            ..details(granted, &claims.iss)
        }),
    }
}

/// The answer about a refresh token that can be used until `exp`, in seconds since 1970. It is for
/// its own client alone.
#[must_use]
pub fn refresh_token<'a>(
    granted: &'a Granted,
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
            exp,
            ..details(granted, issuer)
        }),
    }
}

fn details<'a>(granted: &'a Granted, issuer: &'a str) -> Details<'a> {
    Details {
        iss: issuer,
        sub: granted.user.subject().as_str(),
        client_id: granted.grant.client_id.as_str(),
        username: granted.user.subject().as_str(),
        scope: granted.grant.scopes.to_string(),
        exp: 0,
        sid: granted.grant.sid.as_str(),
        auth_time: granted.grant.auth_time.timestamp(),
        access: None,
    }
}

/// Whether a token is for `client`, as a resource server: by its own name or one of its resources.
fn is_for(audience: &Audience, client: &Client) -> bool {
    let names = |name: &String| name == client.id.as_str() || client.resources.contains(name);
    match audience {
        Audience::One(name) => names(name),
        Audience::Many(all) => all.iter().any(names),
    }
}
