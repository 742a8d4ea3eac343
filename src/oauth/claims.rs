//! The claims of tokens and of signed userinfo. [`crate::oauth::user_claims`] has those about the
//! user.

use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::Nonce;
use serde::{Deserialize, Serialize};

use super::client::{ClaimsInIdToken, Client};
use super::grant::{ActiveGrant, Grant};
use super::scope::Scopes;
use super::user_claims::{UserClaims, user_claims};
use crate::crypto::identifiers::GrantId;
use crate::people::{Profile, RuleFailure};

/// The lifetime of an ID token. A client verifies it once, right after the login.
const ID_TOKEN_LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// The claims of a signed userinfo response: "the Claims iss (issuer) and aud (audience)" and those
/// about the user (OIDC Core §5.3.2). It has no `exp` and no `auth_time`, so that it is not
/// accepted as another kind of token (N34, docs/security.md).
#[derive(Debug, Serialize)]
pub struct UserinfoClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    #[serde(flatten)]
    person: UserClaims<'a>,
}

/// The claims of a userinfo response that is signed for `client`.
#[must_use]
pub fn userinfo<'a>(
    person: UserClaims<'a>,
    client: &'a Client,
    issuer: &'a str,
) -> UserinfoClaims<'a> {
    UserinfoClaims {
        iss: issuer,
        aud: client.id.as_str(),
        person,
    }
}

/// The claims of an ID token (OIDC Core §2). There is no `nbf`: the client's clock may be behind.
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
    person: UserClaims<'a>,
}

impl IdTokenClaims<'_> {
    /// The rules that failed. Their claims are left out.
    #[must_use]
    pub fn failures(&self) -> &[RuleFailure<'_>] {
        self.person.failures()
    }
}

/// The claims of an access token (RFC 9068 §2.2), for writing and reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    /// The issuer.
    pub iss: String,
    /// When it expires, in seconds since 1970.
    pub exp: i64,
    /// The audience.
    pub aud: Audience,
    /// The subject: the user, or the client itself.
    pub sub: String,
    /// The client it was issued to.
    pub client_id: String,
    /// When it was issued.
    pub iat: i64,
    /// The token's unique identifier. For a user's token, it starts with the identifier of the
    /// grant and a dot.
    pub jti: String,
    /// When the portal authenticated the user. `None` for a client's own token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// The granted scopes, space-separated.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
}

/// `aud`: "In the common special case when the JWT has one audience, the "aud" value MAY be a
/// single case-sensitive string" (RFC 7519 §4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One audience.
    One(String),
    /// Any number of audiences.
    Many(Vec<String>),
}

impl Audience {
    /// Whether `client`, as a resource server, is in the audience: by its identifier or by one of
    /// its resources.
    #[must_use]
    pub fn includes(&self, client: &Client) -> bool {
        let names = |name: &String| name == client.id.as_str() || client.resources.contains(name);
        match self {
            Self::One(name) => names(name),
            Self::Many(all) => all.iter().any(names),
        }
    }

    /// What is left of it by `keep`; `None` if that is nothing.
    #[must_use]
    pub fn filtered(self, keep: impl Fn(&str) -> bool) -> Option<Self> {
        match self {
            Self::One(name) => keep(&name).then_some(Self::One(name)),
            Self::Many(mut all) => {
                all.retain(|name| keep(name));
                Some(all).filter(|all| !all.is_empty()).map(Self::from)
            }
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

    /// Whether `client` may present the token: it was issued to that client, or is meant for it.
    #[must_use]
    pub fn may_be_presented_by(&self, client: &Client) -> bool {
        self.client_id == client.id.as_str() || self.aud.includes(client)
    }

    /// The claims of a client's own token. Its subject is the client itself (RFC 9068 §2.2).
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

    /// The claims of a token for the grant with the identifier `id`. `own` is the claims of the
    /// client's own token, which it extends.
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

/// The claims of the ID token for a grant of the user `profile`. `at_hash` is the hash of the
/// access token that is issued with it.
#[must_use]
pub fn id_token<'a>(
    (grant, profile): (&'a Grant, &'a Profile),
    scopes: &Scopes,
    client: &'a Client,
    issuer: &'a str,
    at_hash: &'a str,
    now: DateTime<Utc>,
) -> IdTokenClaims<'a> {
    let openid = Scopes::openid();
    let scopes = match client.id_token_claims {
        ClaimsInIdToken::Full => scopes,
        // OIDC Core §5.4: userinfo returns the claims of the other scopes.
        ClaimsInIdToken::Minimal => &openid,
    };
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
        person: user_claims(profile, scopes, &grant.claims.id_token, &client.claims),
    }
}
