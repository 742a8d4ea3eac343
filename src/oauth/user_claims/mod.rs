//! The claims about a user, in the ID token and in userinfo.

use std::borrow::Cow;

use serde::Serialize;

use super::claim_mapping::{ClaimRules, EmailVerified, OwnClaims};
use crate::oauth::phone::e164;
use crate::oauth::scope::Scopes;
use crate::oauth::user_claim::{PersonClaims as RequestedByName, UserClaim};
use crate::people::{Profile, RuleFailure};

/// The claims about a user (OIDC Core §5.1). Those requested by scope are the same in the ID token
/// and in userinfo. Those requested by name may differ (§5.5). Every claim that identifies or names
/// the user is a string; Keycloak fails on any other type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserClaims<'a> {
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number_verified: Option<bool>,
    #[serde(flatten)]
    own: OwnClaims<'a>,
    #[serde(skip)]
    failures: Vec<RuleFailure<'a>>,
}

impl UserClaims<'_> {
    /// The rules that failed. Their claims are left out.
    #[must_use]
    pub fn failures(&self) -> &[RuleFailure<'_>] {
        &self.failures
    }
}

/// The claims requested by `scopes` (OIDC Core §5.4), those requested by name (§5.5), and the
/// client's own.
#[must_use]
pub fn user_claims<'a>(
    profile: &'a Profile,
    scopes: &Scopes,
    requested: &RequestedByName,
    rules: &'a ClaimRules,
) -> UserClaims<'a> {
    let is_requested = |claim| requested.is_requested(claim, scopes);
    let include = |claim| is_requested(claim) && !rules.replace(claim);
    let (user, link) = (&profile.user, profile.link.as_ref());
    let subject = user.subject().as_str();
    let username = link.and_then(|link| link.username.as_deref());
    let names = (include(UserClaim::GivenName) || include(UserClaim::FamilyName))
        .then(|| rules.split_names.split(&user.identity))
        .flatten();
    let family_name = names.as_ref().map(|names| names.family);
    let mut failures = Vec::new();
    let wants_email = is_requested(UserClaim::Email) || is_requested(UserClaim::EmailVerified);
    let email = wants_email.then(|| rules.email(profile)).transpose();
    let (email, verified) = email
        .unwrap_or_else(|failure| {
            failures.push(failure);
            None
        })
        .flatten()
        .unzip();
    let phone = user.identity.phone.as_deref().and_then(e164);
    UserClaims {
        sub: subject,
        name: user
            .identity
            .name
            .as_deref()
            .filter(|_| include(UserClaim::Name)),
        given_name: names
            .map(|names| names.given)
            .filter(|_| include(UserClaim::GivenName)),
        family_name: family_name.filter(|_| include(UserClaim::FamilyName)),
        // Names are not unique: two users may both be called 张伟. The subject is unique.
        preferred_username: include(UserClaim::PreferredUsername).then(|| {
            username
                .filter(|username| !username.is_empty())
                .unwrap_or(subject)
        }),
        updated_at: is_requested(UserClaim::UpdatedAt).then(|| user.updated_at.timestamp()),
        email: email.filter(|_| is_requested(UserClaim::Email)),
        email_verified: verified
            .filter(|_| is_requested(UserClaim::EmailVerified))
            .filter(|verified| *verified || rules.email_verified == EmailVerified::Always),
        phone_number_verified: phone
            .as_ref()
            .filter(|_| is_requested(UserClaim::PhoneNumberVerified))
            .map(|_| false),
        phone_number: phone.filter(|_| include(UserClaim::PhoneNumber)),
        own: rules.own(profile, scopes, is_requested, &mut failures),
        failures,
    }
}

/// An e-mail address in the format of GitHub's API. Grafana requests a list of these if no token
/// has an address.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ListedEmail<'a> {
    email: Cow<'a, str>,
    primary: bool,
    verified: bool,
}

/// The e-mail addresses of a user: one or none.
///
/// # Errors
///
/// [`RuleFailure`] when the rule that makes the address fails.
pub fn emails<'a>(
    profile: &'a Profile,
    rules: &'a ClaimRules,
) -> Result<Vec<ListedEmail<'a>>, RuleFailure<'a>> {
    let listed = rules.email(profile)?.map(|(email, verified)| ListedEmail {
        email,
        primary: true,
        verified,
    });
    Ok(listed.into_iter().collect())
}

#[cfg(test)]
mod tests;
