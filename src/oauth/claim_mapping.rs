//! What a client is told of people beside what every client is: its own claims, and how it takes
//! addresses and names.

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use crate::oauth::claims_request::PersonClaim;
use crate::oauth::scope::{Scope, Scopes};
use crate::people::{Filled, Profile, Rule, name};

/// The rules of one client. Without any, everything the portal does not know is left out.
#[derive(Debug, Clone, Default)]
pub struct ClaimRules {
    /// `email`.
    pub email: EmailPolicy,
    /// `email_verified`.
    pub email_verified: EmailVerified,
    /// `split_names`.
    pub split_names: SplitNames,
    /// `[clients.claims]`.
    pub own: Vec<OwnClaim>,
}

/// Where a client's e-mail addresses come from.
#[derive(Debug, Clone, Default)]
pub enum EmailPolicy {
    /// There are none.
    #[default]
    Omit,
    /// From the person's own account there.
    Link,
    /// From there, and where it has none, made.
    Made(Rule),
}

/// When `email_verified` is told beside an address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EmailVerified {
    /// Always.
    #[default]
    Always,
    /// Only where it is true. Some clients take no person whose address is called unverified, and
    /// anybody of whose address nothing is said.
    WhenTrue,
}

/// Whose name is told in two parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SplitNames {
    /// That of people.
    #[default]
    People,
    /// That of companies, ranks and accounts as well. Some clients ask everybody who lacks a part.
    Everybody,
    /// Nobody's.
    Nobody,
}

/// A claim of a client's own.
#[derive(Debug, Clone)]
pub struct OwnClaim {
    /// What it says.
    pub rule: Rule,
    /// The scope that brings it.
    pub scope: Scope,
}

/// An e-mail address, and whether somebody vouches for it.
pub(super) type Email<'a> = (Cow<'a, str>, bool);

impl ClaimRules {
    /// Whether the scope `email` brings anything.
    #[must_use]
    pub fn bring_email(&self) -> bool {
        !matches!(self.email, EmailPolicy::Omit)
            || self.own.iter().any(|own| own.scope == Scope::Email)
    }

    /// Whether one of the rules takes the place of `claim`.
    pub(super) fn replace(&self, claim: PersonClaim) -> bool {
        self.own
            .iter()
            .any(|own| own.rule.claim() == claim.as_str())
    }

    /// The address of `profile`. One that is made is nobody's to vouch for.
    pub(super) fn email<'a>(&self, profile: &'a Profile) -> Option<Email<'a>> {
        let linked = || {
            let link = profile.link.as_ref()?;
            let email = link.email.as_deref().filter(|email| !email.is_empty())?;
            Some((Cow::Borrowed(email), link.email_verified))
        };
        match &self.email {
            EmailPolicy::Omit => None,
            EmailPolicy::Link => linked(),
            EmailPolicy::Made(rule) => linked().or_else(|| {
                let made = rule.text(profile, is_address)?;
                Some((Cow::Owned(made), false))
            }),
        }
    }

    /// The name of `profile`, in two parts.
    pub(super) fn names<'a>(&self, profile: &'a Profile) -> Option<Names<'a>> {
        if self.split_names == SplitNames::Nobody {
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

    /// The claims of the client's own that `scopes` bring, or `tell` does by name.
    pub(super) fn own<'a>(
        &'a self,
        profile: &Profile,
        scopes: &Scopes,
        tell: impl Fn(PersonClaim) -> bool,
    ) -> OwnClaims<'a> {
        let told = self.own.iter().filter_map(|OwnClaim { rule, scope }| {
            let filled = match PersonClaim::named(rule.claim()) {
                // OIDC Core §5.1 has them as texts, and Keycloak fails on any other.
                Some(standard) => tell(standard)
                    .then(|| rule.text(profile, |_| true))?
                    .map(Filled::Text),
                None => scopes
                    .contains(*scope)
                    .then(|| rule.fill(profile))
                    .flatten(),
            };
            Some((rule.claim(), filled?))
        });
        OwnClaims(told.collect())
    }
}

/// What is told as the family name of who has none: a name that everybody can see is none.
const NO_FAMILY: &str = "-";

/// A name in two parts, for `given_name` and `family_name`.
pub(super) struct Names<'a> {
    pub(super) given: Cow<'a, str>,
    pub(super) family: &'a str,
}

/// What Keycloak takes in no part of a name (its validator `person-name-prohibited-characters`).
const REFUSED: &str = "<>&\"$%!#?§;*~/\\|^=[]{}()";

/// `name` without the characters Keycloak takes in no part of a name: where there is a full-width form,
/// it stands in their place.
fn plain(name: &str) -> Cow<'_, str> {
    let refused = |c: char| c.is_control() || REFUSED.contains(c);
    if !name.contains(refused) {
        return Cow::Borrowed(name);
    }
    let replaced = name.chars().map(|c| match c {
        '!'..='~' if refused(c) => char::from_u32(c as u32 + 0xfee0).unwrap_or(' '),
        c if refused(c) => ' ',
        c => c,
    });
    Cow::Owned(replaced.collect())
}

/// Whether a made text has the form of an address: RFC 5321 §4.5.3.1's lengths, and no more of its
/// characters than every client takes.
fn is_address(text: &str) -> bool {
    let dotted = |part: &str, also: &str| {
        part.split('.').all(|atom| {
            !atom.is_empty()
                && atom
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || also.as_bytes().contains(&byte))
        })
    };
    text.len() <= 254
        && text.split_once('@').is_some_and(|(local, domain)| {
            local.len() <= 64 && dotted(local, "_+-") && dotted(domain, "-")
        })
}

/// The claims of a client's own, each with what it says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnClaims<'a>(Vec<(&'a str, Filled)>);

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
    fn an_address_is_one_that_every_client_takes() {
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
    fn what_keycloak_takes_in_no_name_has_another_form() {
        assert_eq!(plain("张三(测试)"), "张三（测试）");
        assert_eq!(plain("a/b\u{7}§"), "a／b  ");
        assert!(matches!(plain("新耀分公司"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn no_refused_character_is_left(name in "\\PC{0,20}|[<>&\"$%!#?§;*~/\\\\|^=\\[\\]{}()]{0,9}") {
            let plain = plain(&name);
            prop_assert!(plain.chars().all(|c| !REFUSED.contains(c)));
            prop_assert_eq!(plain.chars().count(), name.chars().count());
        }
    }
}
