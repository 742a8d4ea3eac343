//! The claims about a user that differ from client to client: a client's own claims, and the form
//! in which it gets addresses and names.

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use crate::oauth::claims_request::UserClaim;
use crate::oauth::scope::{Scope, Scopes};
use crate::people::{ClaimRule, ClaimValue, Profile, RuleFailure, name};

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

/// Whose name is split into `given_name` and `family_name`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SplitNames {
    /// The names of people.
    #[default]
    People,
    /// The names of companies, ranks and accounts as well. Some clients prompt every user who lacks
    /// one of the two claims.
    Everybody,
    /// No names.
    None,
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

    /// The name of `profile`, in two parts.
    pub(super) fn names<'a>(&self, profile: &'a Profile) -> Option<Names<'a>> {
        if self.split_names == SplitNames::None {
            return None;
        }
        let identity = &profile.user.identity;
        let whole = identity.name.as_deref().map(str::trim);
        if let Some(name) = whole.and_then(name::split) {
            return Some(Names {
                given: Cow::Borrowed(name.given),
                family: name.family,
            });
        }
        (self.split_names == SplitNames::Everybody).then(|| Names {
            given: plain(
                whole
                    .filter(|name| !name.is_empty())
                    .unwrap_or(identity.subject.as_str()),
            ),
            family: NO_FAMILY,
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

/// The `family_name` of a user who has none: everybody can see that it is a placeholder.
const NO_FAMILY: &str = "-";

/// A name in two parts, for `given_name` and `family_name`.
pub(super) struct Names<'a> {
    pub(super) given: Cow<'a, str>,
    pub(super) family: &'a str,
}

/// The characters that Keycloak rejects in a name (its validator
/// `person-name-prohibited-characters`).
const REJECTED_CHARS: &str = "<>&\"$%!#?§;*~/\\|^=[]{}()";

/// `name` with each character that Keycloak rejects replaced: by its full-width form if there is
/// one, else by a space.
fn plain(name: &str) -> Cow<'_, str> {
    let rejected = |c: char| c.is_control() || REJECTED_CHARS.contains(c);
    if !name.contains(rejected) {
        return Cow::Borrowed(name);
    }
    let replaced = name.chars().map(|c| match c {
        '!'..='~' if rejected(c) => char::from_u32(c as u32 + 0xfee0).unwrap_or(' '),
        c if rejected(c) => ' ',
        c => c,
    });
    Cow::Owned(replaced.collect())
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
    use crate::oauth::claim_mapping::*;
    use proptest::prelude::*;

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

    #[test]
    fn characters_that_keycloak_rejects_are_replaced() {
        assert_eq!(plain("张三(测试)"), "张三（测试）");
        assert_eq!(plain("a/b\u{7}§"), "a／b  ");
        assert!(matches!(plain("新耀分公司"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn no_rejected_character_is_left(name in "\\PC{0,20}|[<>&\"$%!#?§;*~/\\\\|^=\\[\\]{}()]{0,9}") {
            let plain = plain(&name);
            prop_assert!(plain.chars().all(|c| !REJECTED_CHARS.contains(c)));
            prop_assert_eq!(plain.chars().count(), name.chars().count());
        }
    }
}
