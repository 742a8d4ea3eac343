//! The claims about a user that differ from client to client: a client's own claims, and the form
//! in which it gets addresses.

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use crate::oauth::scope::{Scope, Scopes};
use crate::oauth::split_name::SplitNames;
use crate::oauth::user_claim::UserClaim;
use crate::people::{ClaimRule, ClaimValue, Profile, RuleFailure};

/// The claim rules of one client. Without rules, a claim that the portal has no value for is left
/// out.
#[derive(Debug, Clone, Default)]
pub struct ClaimRules {
    /// `email`.
    pub email: EmailPolicy,
    /// `email_verified`.
    pub email_verified: EmailVerified,
    /// `split_names`.
    pub split_names: SplitNames,
    /// `[clients.claims]`.
    pub own: Vec<CustomClaim>,
}

/// Where a client's e-mail addresses come from.
#[derive(Debug, Clone, Default)]
pub enum EmailPolicy {
    /// The client gets none.
    #[default]
    Omit,
    /// From the account at the client that is linked to the user.
    Link,
    /// From the linked account or, if that has none, from this rule.
    Made(ClaimRule),
}

/// When `email_verified` accompanies an address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EmailVerified {
    /// Always.
    #[default]
    Always,
    /// Only when it is true. Some clients reject a user whose address is marked as unverified, but
    /// accept a user without the claim.
    WhenTrue,
}

/// A claim that is configured for one client.
#[derive(Debug, Clone)]
pub struct CustomClaim {
    /// The value of the claim.
    pub rule: ClaimRule,
    /// The scope that requests it.
    pub scope: Scope,
}

/// An e-mail address, and whether it is verified.
pub(super) type Email<'a> = (Cow<'a, str>, bool);

impl ClaimRules {
    /// Whether the scope `email` yields a claim.
    #[must_use]
    pub fn grants_email(&self) -> bool {
        !matches!(self.email, EmailPolicy::Omit)
            || self.own.iter().any(|own| own.scope == Scope::Email)
    }

    /// Whether one of the rules replaces the standard claim `claim`.
    pub(super) fn replace(&self, claim: UserClaim) -> bool {
        self.own
            .iter()
            .any(|own| own.rule.claim() == claim.as_str())
    }

    /// The e-mail address of `profile`. An address that a rule makes is never verified.
    pub(super) fn email<'a>(
        &'a self,
        profile: &'a Profile,
    ) -> Result<Option<Email<'a>>, RuleFailure<'a>> {
        let linked = || {
            let link = profile.link.as_ref()?;
            let email = link.email.as_deref().filter(|email| !email.is_empty())?;
            Some((Cow::Borrowed(email), link.email_verified))
        };
        Ok(match &self.email {
            EmailPolicy::Omit => None,
            EmailPolicy::Link => linked(),
            EmailPolicy::Made(rule) => match linked() {
                None => rule
                    .text(profile, is_address)?
                    .map(|made| (Cow::Owned(made), false)),
                linked => linked,
            },
        })
    }

    /// The client's own claims. A rule for a standard claim applies if `is_requested` says so. Any
    /// other rule applies if `scopes` has its scope. A rule that fails is added to `failures`.
    pub(super) fn own<'a>(
        &'a self,
        profile: &Profile,
        scopes: &Scopes,
        is_requested: impl Fn(UserClaim) -> bool,
        failures: &mut Vec<RuleFailure<'a>>,
    ) -> OwnClaims<'a> {
        let claims = self.own.iter().filter_map(|CustomClaim { rule, scope }| {
            let filled = match UserClaim::named(rule.claim()) {
                // OIDC Core §5.1 defines these as strings, and Keycloak fails on any other type.
                Some(standard) if is_requested(standard) => rule
                    .text(profile, |_| true)
                    .map(|text| text.map(ClaimValue::Text)),
                None if scopes.contains(*scope) => rule.fill(profile),
                _ => return None,
            };
            let filled = filled.unwrap_or_else(|failure| {
                failures.push(failure);
                None
            });
            Some((rule.claim(), filled?))
        });
        OwnClaims(claims.collect())
    }
}

/// Whether the text that a rule made is an e-mail address: within the lengths of RFC 5321 §4.5.3.1,
/// and with only the characters that every client accepts.
fn is_address(text: &str) -> bool {
    let is_dot_atom = |part: &str, extra: &str| {
        part.split('.').all(|atom| {
            !atom.is_empty()
                && atom
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || extra.as_bytes().contains(&byte))
        })
    };
    text.len() <= 254
        && text.split_once('@').is_some_and(|(local, domain)| {
            local.len() <= 64 && is_dot_atom(local, "_+-") && is_dot_atom(domain, "-")
        })
}

/// The client's own claims, each with its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnClaims<'a>(Vec<(&'a str, ClaimValue)>);

impl Serialize for OwnClaims<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (claim, filled) in &self.0 {
            map.serialize_entry(claim, filled)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_only_characters_that_every_client_accepts() {
        for good in ["17@panda.invalid", "a.b-c_d+e@x.cn"] {
            assert!(is_address(good), "{good}");
        }
        let long = format!("{}@panda.invalid", "1".repeat(65));
        for bad in [
            "",
            "17",
            "@panda.invalid",
            "17@",
            "a@b@c",
            "a b@c.cn",
            "陈涛@x.cn",
            ".a@x.cn",
            "a..b@x.cn",
            "a@x..cn",
            "\"a\"@x.cn",
            &long,
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
