//! What a client learns about a person: the same in ID token and userinfo.

use std::borrow::Cow;

use serde::Serialize;

use super::claim_mapping::{ClaimRules, EmailVerified, OwnClaims};
use crate::oauth::claims_request::{PersonClaim, PersonClaims as Asked};
use crate::oauth::phone::e164;
use crate::oauth::scope::Scopes;
use crate::people::Profile;

/// What a client learns about a person (OIDC Core §5.1): by its scopes the same in ID token and
/// userinfo, by name where it asked (§5.5).
/// Every claim that names somebody is a string; Keycloak fails on any other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonClaims<'a> {
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
}

/// The claims that `scopes` bring (OIDC Core §5.4), those asked for one by one (§5.5), and the
/// client's own.
#[must_use]
pub fn person<'a>(
    profile: &'a Profile,
    scopes: &Scopes,
    asked: &Asked,
    rules: &'a ClaimRules,
) -> PersonClaims<'a> {
    let tell = |claim| asked.tell(claim, scopes);
    let say = |claim| tell(claim) && !rules.replace(claim);
    let (user, link) = (&profile.user, profile.link.as_ref());
    let subject = user.subject().as_str();
    let username = link.and_then(|link| link.username.as_deref());
    let names = (say(PersonClaim::GivenName) || say(PersonClaim::FamilyName))
        .then(|| rules.names(profile))
        .flatten();
    let family_name = names.as_ref().map(|names| names.family);
    let (email, verified) = (tell(PersonClaim::Email) || tell(PersonClaim::EmailVerified))
        .then(|| rules.email(profile))
        .flatten()
        .unzip();
    let phone = user.identity.phone.as_deref().and_then(e164);
    PersonClaims {
        sub: subject,
        name: user
            .identity
            .name
            .as_deref()
            .filter(|_| say(PersonClaim::Name)),
        given_name: names
            .map(|names| names.given)
            .filter(|_| say(PersonClaim::GivenName)),
        family_name: family_name.filter(|_| say(PersonClaim::FamilyName)),
        // Two people may be called 张伟; nobody shares a subject (F19).
        preferred_username: say(PersonClaim::PreferredUsername).then(|| {
            username
                .filter(|username| !username.is_empty())
                .unwrap_or(subject)
        }),
        updated_at: tell(PersonClaim::UpdatedAt).then(|| user.updated_at.timestamp()),
        email: email.filter(|_| tell(PersonClaim::Email)),
        email_verified: verified
            .filter(|_| tell(PersonClaim::EmailVerified))
            .filter(|verified| *verified || rules.email_verified == EmailVerified::Always),
        phone_number_verified: phone
            .as_ref()
            .filter(|_| tell(PersonClaim::PhoneNumberVerified))
            .map(|_| false),
        phone_number: phone.filter(|_| say(PersonClaim::PhoneNumber)),
        own: rules.own(profile, scopes, tell),
    }
}

/// An address as GitHub tells it. Grafana asks for a list of these where no token told it one.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ListedEmail<'a> {
    email: Cow<'a, str>,
    primary: bool,
    verified: bool,
}

/// The addresses of a person: one, or none.
#[must_use]
pub fn emails<'a>(profile: &'a Profile, rules: &ClaimRules) -> Vec<ListedEmail<'a>> {
    let listed = rules.email(profile).map(|(email, verified)| ListedEmail {
        email,
        primary: true,
        verified,
    });
    listed.into_iter().collect()
}

#[cfg(test)]
mod tests;
