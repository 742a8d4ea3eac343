//! Claims: what tokens and userinfo say. What they say about the person is [`crate::oauth::user_claims`]'s.

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::Nonce;
use serde::{Deserialize, Serialize};

use super::client::Client;
use super::grant::{ActiveGrant, Grant};
use super::scope::Scopes;
use super::user_claims::{PersonClaims, person};
use crate::crypto::identifiers::GrantId;
use crate::people::Profile;

/// How long an ID token is valid. It proves a login and is looked at once, right after it.
const ID_TOKEN_LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// The claims of a signed userinfo answer: "the Claims iss (issuer) and aud (audience)" beside those of
/// the person (OIDC Core §5.3.2). Without `exp` and `auth_time` it passes for no other token (N34).
#[derive(Debug, Serialize)]
pub struct UserinfoClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    #[serde(flatten)]
    person: PersonClaims<'a>,
}

/// The claims of a userinfo answer that is signed for `client`.
#[must_use]
pub fn userinfo<'a>(
    person: PersonClaims<'a>,
    client: &'a Client,
    issuer: &'a str,
) -> UserinfoClaims<'a> {
    UserinfoClaims {
        iss: issuer,
        aud: client.id.as_str(),
        person,
    }
}

/// The claims of an ID token (OIDC Core §2). There is no `nbf`: the reader's clock may be behind.
#[derive(Debug, Serialize)]
pub struct IdTokenClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    exp: i64,
    iat: i64,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a Nonce>,
    at_hash: &'a str,
    sid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'static str>,
    #[serde(flatten)]
    person: PersonClaims<'a>,
}

/// The claims of an access token (RFC 9068 §2.2), as written and as read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    /// The issuer.
    pub iss: String,
    /// When it expires, in seconds since 1970.
    pub exp: i64,
    /// Whom it is for.
    pub aud: Audience,
    /// Whose it is.
    pub sub: String,
    /// The client it was issued to.
    pub client_id: String,
    /// When it was issued.
    pub iat: i64,
    /// Its name: its grant's, if a person gave one, a dot, and a part of its own.
    pub jti: String,
    /// When the portal had proved the person, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// What was granted, space-separated.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
}

/// `aud`: "In the common special case when the JWT has one audience, the "aud" value MAY be a
/// single case-sensitive string" (RFC 7519 §4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Any number.
    Many(Vec<String>),
}

impl Audience {
    /// Whether `client` is meant, as a resource server: by its own name or one of its resources.
    #[must_use]
    pub fn includes(&self, client: &Client) -> bool {
        let names = |name: &String| name == client.id.as_str() || client.resources.contains(name);
        match self {
            Self::One(name) => names(name),
            Self::Many(all) => all.iter().any(names),
        }
    }
}

impl From<Vec<String>> for Audience {
    fn from(mut all: Vec<String>) -> Self {
        match all.pop() {
            Some(one) if all.is_empty() => Self::One(one),
            Some(last) => {
                all.push(last);
                Self::Many(all)
            }
            None => Self::Many(all),
        }
    }
}

impl AccessTokenClaims {
    /// The identifier of the grant it belongs to.
    #[must_use]
    pub fn grant(&self) -> Option<GrantId> {
        let (grant, _) = self.jti.split_once('.')?;
        GrantId::from_text(grant)
    }

    /// The claims of a token of a client's own: it is about the client itself (RFC 9068 §2.2).
    #[must_use]
    pub fn of_client(
        client: &Client,
        audience: Vec<String>,
        unique: String,
        issuer: &str,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            iss: issuer.to_owned(),
            exp: (now + client.access_token.lifetime).timestamp(),
            aud: Audience::from(audience),
            sub: client.id.to_string(),
            client_id: client.id.to_string(),
            iat: now.timestamp(),
            jti: unique,
            auth_time: None,
            scope: String::new(),
        }
    }

    /// The claims of a token for the grant called `id`.
    #[must_use]
    pub fn of_grant(granted: &ActiveGrant, id: GrantId, scopes: &Scopes, own: Self) -> Self {
        Self {
            sub: granted.user.subject().to_string(),
            jti: format!("{}.{}", id.to_text(), own.jti),
            auth_time: Some(granted.grant.auth_time.timestamp()),
            scope: scopes.to_string(),
            ..own
        }
    }
}

/// The claims of the ID token for a grant of `profile`'s; `at_hash` is that of the access token beside it.
#[must_use]
pub fn id_token<'a>(
    (grant, profile): (&'a Grant, &'a Profile),
    scopes: &Scopes,
    client: &'a Client,
    issuer: &'a str,
    at_hash: &'a str,
    now: DateTime<Utc>,
) -> IdTokenClaims<'a> {
    IdTokenClaims {
        iss: issuer,
        aud: client.id.as_str(),
        exp: (now + ID_TOKEN_LIFETIME).timestamp(),
        iat: now.timestamp(),
        auth_time: grant.auth_time.timestamp(),
        nonce: grant.nonce.as_ref(),
        at_hash,
        sid: grant.sid.as_str(),
        acr: grant.acr,
        person: person(profile, scopes, &grant.claims.id_token, &client.claims),
    }
}
