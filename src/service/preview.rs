//! What a person would get in a client: access, and the claims of the tokens. Signs nothing, stores nothing.
//!
//! The claims come from the functions that make them for real tokens, so a preview cannot differ from a login.

use std::fmt;

use panda_oidc_sdk::Subject;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::access::{AccessDenied, access_denial, service_denial};
use crate::app::App;
use crate::crypto::identifiers::GrantId;
use crate::directory::Person;
use crate::oauth::claims::{self, AccessTokenClaims};
use crate::oauth::client::Client;
use crate::oauth::grant::{ActiveGrant, Grant};
use crate::oauth::grant_type::GrantType;
use crate::oauth::requested_claims::RequestedClaims;
use crate::oauth::scope::{Scope, Scopes};
use crate::oauth::user_claims::user_claims;
use crate::people::RuleFailure;
use crate::session::SessionId;
use crate::store::StoreError;

/// The claims whose values only a login has. They are left out.
const CLAIMS_OF_A_LOGIN: [&str; 7] = ["at_hash", "auth_time", "exp", "iat", "jti", "nonce", "sid"];

/// What a person would get in a client.
#[derive(Debug, Serialize, ToSchema)]
pub struct Preview {
    /// The client's identifier.
    pub client_id: String,
    /// The person's identifier.
    pub person: String,
    /// Whether the person may use the client.
    pub access: AccessPreview,
    /// The claims; absent without access.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<ClaimsPreview>,
}

/// Whether a person may use a client.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessPreview {
    /// Whether they may.
    pub allowed: bool,
    /// The key of the client's configuration that decided; absent when none did, or when a rule could not be
    /// evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<&'static str>,
    /// The reason, as a sentence.
    pub reason: String,
}

/// The claims of the tokens, without those that only a login has: `at_hash`, `auth_time`, `exp`, `iat`, `jti`,
/// `nonce`, `sid`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClaimsPreview {
    /// The granted scopes, separated by blanks.
    pub scope: String,
    /// The claims of the ID token; empty without the scope `openid`.
    #[schema(value_type = Object)]
    pub id_token: Map<String, Value>,
    /// The claims of the access token.
    #[schema(value_type = Object)]
    pub access_token: Map<String, Value>,
    /// The claims of userinfo; empty without the scope `openid`.
    #[schema(value_type = Object)]
    pub userinfo: Map<String, Value>,
    /// The claim rules that failed. Their claims are left out.
    pub failed_rules: Vec<FailedRule>,
}

/// A claim rule that failed.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FailedRule {
    /// The claim.
    pub claim: String,
    /// What is wrong with the rule.
    pub reason: String,
}

/// Previews a login of the person `subject` in `client`, with the scopes of `requested`, or with all that the
/// client can have. `None` when the store does not know the person.
///
/// # Errors
///
/// When the store fails.
pub async fn preview(
    app: &App,
    client: &Client,
    subject: &Subject,
    requested: Option<&str>,
) -> Result<Option<Preview>, StoreError> {
    let Some(person) = app.store.person(subject).await? else {
        return Ok(None);
    };
    let access = access(app, client, &person).await?;
    let claims = if access.allowed {
        Some(claims_of(app, client, person, requested).await?)
    } else {
        None
    };
    Ok(Some(Preview {
        client_id: client.id.to_string(),
        person: subject.to_string(),
        access,
        claims,
    }))
}

async fn access(app: &App, client: &Client, person: &Person) -> Result<AccessPreview, StoreError> {
    let signs_people_in = [GrantType::AuthorizationCode, GrantType::TokenExchange];
    if !signs_people_in.iter().any(|grant| client.may_use(*grant)) {
        let reason = "the client has no grant type by which people sign in";
        return Ok(AccessPreview::denied(
            Some("grant_types"),
            reason.to_owned(),
        ));
    }
    if !person.presence.may_sign_in() {
        let reason = "they have left: the portal does not list them any more";
        return Ok(AccessPreview::denied(None, reason.to_owned()));
    }
    if let Some(denied) = access_denial(app, client, &person.user).await? {
        return Ok(AccessPreview::from(*denied));
    }
    let audience = &client.access_token.audience;
    if let Some(denied) = service_denial(app, audience, &person.user).await? {
        let reason = format!("a service of the access token is closed: {denied}");
        return Ok(AccessPreview::denied(denied.denied.key(), reason));
    }
    let (rule, reason) = match &client.access {
        None => (None, "the client is open to everybody"),
        Some(access) if access.allow.is_some() => {
            (Some("allow"), "they are among those who are allowed")
        }
        Some(access) if access.linked_only => (Some("unlinked"), "they are linked to an account"),
        Some(_) => (Some("deny"), "they are not among those who are denied"),
    };
    Ok(AccessPreview {
        allowed: true,
        rule,
        reason: reason.to_owned(),
    })
}

async fn claims_of(
    app: &App,
    client: &Client,
    person: Person,
    requested: Option<&str>,
) -> Result<ClaimsPreview, StoreError> {
    let now = app.host.clock.now();
    let all = Scope::ALL.map(Scope::as_str).join(" ");
    let scopes = client.obtainable(Scopes::parse(requested.unwrap_or(&all)));
    let link = app.store.link(person.user.subject(), &client.id).await?;
    let grant = Grant {
        client_id: client.id.clone(),
        subject: person.user.subject().clone(),
        sid: SessionId::from(String::new()),
        scopes: scopes.clone(),
        redirect_uri: String::new(),
        nonce: None,
        challenge: None,
        auth_time: now,
        issues_refresh_token: false,
        resources: Vec::new(),
        claims: RequestedClaims::default(),
        acr: None,
    };
    let issuer = app.issuer.as_str();
    let audience = client.access_token.audience.clone();
    let own = AccessTokenClaims::of_client(client, audience, String::new(), issuer, now);
    let granted = ActiveGrant {
        grant,
        user: person.user,
        link,
    };
    let access_token = AccessTokenClaims::of_grant(&granted, GrantId::from([0; 32]), &scopes, own);
    let ActiveGrant { grant, user, link } = granted;
    let profile = app.profile(user, link);
    let (mut id_token, mut userinfo, mut failed_rules) = (Map::new(), Map::new(), Vec::new());
    if scopes.contains(Scope::Openid) {
        let claims = claims::id_token((&grant, &profile), &scopes, client, issuer, "", now);
        id_token = without_login(&claims);
        add_failures(&mut failed_rules, claims.failures());
        let person = user_claims(&profile, &scopes, &grant.claims.userinfo, &client.claims);
        add_failures(&mut failed_rules, person.failures());
        userinfo = match client.userinfo_alg {
            Some(_) => without_login(&claims::userinfo(person, client, issuer)),
            None => without_login(&person),
        };
    }
    Ok(ClaimsPreview {
        scope: scopes.to_string(),
        id_token,
        access_token: without_login(&access_token),
        userinfo,
        failed_rules,
    })
}

/// `claims` as JSON, without those that only a login has.
fn without_login(claims: &impl Serialize) -> Map<String, Value> {
    let Ok(Value::Object(mut claims)) = serde_json::to_value(claims) else {
        return Map::new();
    };
    for claim in CLAIMS_OF_A_LOGIN {
        claims.remove(claim);
    }
    claims
}

fn add_failures(failed: &mut Vec<FailedRule>, failures: &[RuleFailure<'_>]) {
    for failure in failures {
        let rule = FailedRule {
            claim: failure.claim.to_owned(),
            reason: failure.reason.clone(),
        };
        if !failed.contains(&rule) {
            failed.push(rule);
        }
    }
}

impl AccessPreview {
    fn denied(rule: Option<&'static str>, reason: String) -> Self {
        Self {
            allowed: false,
            rule,
            reason,
        }
    }
}

impl From<AccessDenied> for AccessPreview {
    fn from(denied: AccessDenied) -> Self {
        Self::denied(denied.denied.key(), denied.denied.to_string())
    }
}

impl fmt::Display for AccessPreview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.allowed { "allowed" } else { "denied" };
        match self.rule {
            Some(rule) => write!(f, "{verdict} by `{rule}`: {}", self.reason),
            None => write!(f, "{verdict}: {}", self.reason),
        }
    }
}
