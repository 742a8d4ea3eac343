//! Claims: what tokens and userinfo say. What scopes bring stands in both alike.

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::Nonce;
use serde::{Deserialize, Serialize};

use super::claims_request::{PersonClaim, PersonClaims as Asked};
use super::client::Client;
use super::grant::Granted;
use super::phone::e164;
use super::scope::Scopes;
use crate::handle::Digest;
use crate::login::session::User;

/// How long an ID token is valid. It proves a login and is looked at once, right after it.
const ID_TOKEN_LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// What a client learns about a person (OIDC Core §5.1): by its scopes the same in ID token and
/// userinfo, by name where it asked (§5.5).
/// Every claim that names somebody is a string; Keycloak fails on any other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonClaims<'a> {
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number_verified: Option<bool>,
}

/// The claims that `scopes` bring (OIDC Core §5.4), and those asked for one by one (§5.5).
#[must_use]
pub fn person<'a>(user: &'a User, scopes: &Scopes, asked: &Asked) -> PersonClaims<'a> {
    let tell = |claim| asked.tell(claim, scopes);
    let phone = user.identity.phone.as_deref().and_then(e164);
    PersonClaims {
        sub: user.subject().as_str(),
        name: user
            .identity
            .name
            .as_deref()
            .filter(|_| tell(PersonClaim::Name)),
        // Two people may be called 张伟; nobody shares a subject (F19).
        preferred_username: tell(PersonClaim::PreferredUsername).then(|| user.subject().as_str()),
        updated_at: tell(PersonClaim::UpdatedAt).then(|| user.updated_at.timestamp()),
        phone_number_verified: phone
            .as_ref()
            .filter(|_| tell(PersonClaim::PhoneNumberVerified))
            .map(|_| false),
        phone_number: phone.filter(|_| tell(PersonClaim::PhoneNumber)),
    }
}

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
    pub fn grant(&self) -> Option<Digest> {
        let (grant, _) = self.jti.split_once('.')?;
        Digest::from_text(grant)
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
    pub fn of_grant(granted: &Granted, id: &Digest, scopes: &Scopes, own: Self) -> Self {
        Self {
            sub: granted.user.subject().to_string(),
            jti: format!("{}.{}", id.to_text(), own.jti),
            auth_time: Some(granted.grant.auth_time.timestamp()),
            scope: scopes.to_string(),
            ..own
        }
    }
}

/// The claims of the ID token for a grant; `at_hash` is that of the access token beside it.
#[must_use]
pub fn id_token<'a>(
    granted: &'a Granted,
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
        auth_time: granted.grant.auth_time.timestamp(),
        nonce: granted.grant.nonce.as_ref(),
        at_hash,
        sid: granted.grant.sid.as_str(),
        acr: granted.grant.acr,
        person: person(&granted.user, scopes, &granted.grant.claims.id_token),
    }
}
