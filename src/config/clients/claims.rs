//! The claims that a client receives: `email`, `email_verified`, `split_names`, `[clients.claims]`.

use chrono::DateTime;
use panda_oidc_sdk::{Identity, Subject};

use super::check::Check;
use super::section::{ClaimScope, ClaimSection, ClientSection, Scoped, Split, Verified};
use crate::config::homes;
use crate::oauth::claim_mapping::{ClaimRules, CustomClaim, EmailPolicy, EmailVerified};
use crate::oauth::scope::Scope;
use crate::oauth::split_name::SplitNames;
use crate::people::{ClaimRule, Profile};
use crate::session::User;

/// The claims that only the provider sets. A client's rules cannot replace them.
const RESERVED: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "nonce",
    "at_hash",
    "c_hash",
    "s_hash",
    "sid",
    "acr",
    "amr",
    "azp",
    "auth_time",
    "client_id",
    "scope",
    "typ",
    "events",
    "cnf",
    "act",
    "may_act",
    "updated_at",
    "phone_number_verified",
];

impl Check<'_, '_> {
    pub(super) fn claims(&mut self, section: &ClientSection) -> ClaimRules {
        ClaimRules {
            email: self.email(section),
            email_verified: match section.email_verified {
                Verified::Always => EmailVerified::Always,
                Verified::WhenTrue => EmailVerified::WhenTrue,
            },
            split_names: match section.split_names {
                Split::People => SplitNames::People,
                Split::Everybody => SplitNames::Everybody,
                Split::None => SplitNames::None,
            },
            own: section
                .claims
                .iter()
                .filter_map(|(claim, written)| self.own(&section.client_id, claim, written))
                .collect(),
        }
    }

    fn email(&mut self, section: &ClientSection) -> EmailPolicy {
        match section.email.as_deref() {
            None | Some("omit") => EmailPolicy::Omit,
            Some("link") => EmailPolicy::Link,
            Some(template) if template.contains('@') || template.contains("{{") => {
                // `{id}` is a short form of `{{ user.id }}`, because people try it first.
                let template = template
                    .replace("{{", "\0")
                    .replace("{id}", "{{ user.id }}");
                let template = template.replace('\0', "{{");
                let rule = self.rule("email", &section.client_id, "email", &template);
                rule.map_or(EmailPolicy::Omit, EmailPolicy::Made)
            }
            Some(_) => {
                self.fail(
                    "email",
                    "it is neither a word for it nor an address",
                    "write \"omit\", \"link\", or a template such as \"{{ user.id }}@panda.invalid\"",
                );
                EmailPolicy::Omit
            }
        }
    }

    fn own(&mut self, client: &str, claim: &str, written: &ClaimSection) -> Option<CustomClaim> {
        let key = format!("claims.{claim}");
        if RESERVED.contains(&claim) {
            self.fail(
                &key,
                "this claim is the provider's own",
                "choose another name",
            );
            return None;
        }
        if matches!(claim, "email" | "email_verified") {
            self.fail(
                &key,
                "addresses have a key of their own",
                "write email = \"…\" in the client's section",
            );
            return None;
        }
        if claim.is_empty() || claim.len() > 128 || claim.contains(char::is_control) {
            self.fail(
                &key,
                "it is no name for a claim",
                "write something like groups",
            );
            return None;
        }
        if let ClaimSection::Template(text) = written
            && !text.contains('{')
            && let Some(place) = homes::swallowed(claim)
        {
            self.fail(
                &key,
                format!("it is a key of {place}, but written below [clients.claims]"),
                "move it there; a claim of this name is written as { value = \"…\" }",
            );
            return None;
        }
        let (template, scope) = match written {
            ClaimSection::Template(template) => (template, ClaimScope::Openid),
            ClaimSection::Scoped(Scoped { value, scope }) => (value, *scope),
        };
        Some(CustomClaim {
            rule: self.rule(&key, client, claim, template)?,
            scope: match scope {
                ClaimScope::Openid => Scope::Openid,
                ClaimScope::Profile => Scope::Profile,
                ClaimScope::Email => Scope::Email,
                ClaimScope::Phone => Scope::Phone,
            },
        })
    }

    /// Parses a template. Clients treat two users with the same e-mail address or account name as one,
    /// so these claims must differ between users.
    fn rule(&mut self, key: &str, client: &str, claim: &str, template: &str) -> Option<ClaimRule> {
        let rule = match ClaimRule::new(client, claim, template) {
            Ok(rule) => rule,
            Err(error) => {
                self.fail(
                    key,
                    format!("the template cannot be used: {error}"),
                    "docs/claims.md shows what a template may say",
                );
                return None;
            }
        };
        let identifies_user = matches!(claim, "email" | "preferred_username" | "login");
        let same = |one: &Profile, other: &Profile| !rule.differs_for(one, other);
        if identifies_user && same(&namesake("1"), &namesake("2")) {
            self.fail(
                key,
                "it comes to the same for two people of one name, and clients would take them for one",
                "put {{ user.id }} into it",
            );
        } else if identifies_user && run_together().iter().any(|[one, other]| same(one, other)) {
            self.fail(
                key,
                "a name or a telephone number runs into the id: wang with the id 12 and wang1 with the id 2 \
                 come to the same, and clients would take them for one",
                "put a separator that is no digit between them, or write {{ user.id }} alone",
            );
        }
        Some(rule)
    }
}

/// A user called 张伟. All of them share one phone number and differ only in their ID.
fn namesake(id: &str) -> Profile {
    person(id, "张伟", "13800138000")
}

/// Pairs of people whose name, or telephone number, and id are the same digits when written one after the
/// other, in either order. Whoever can choose a name in the portal could become the other person.
fn run_together() -> [[Profile; 2]; 4] {
    let (name, phone) = ("wang", "13800138000");
    let (name1, phone1) = ("wang1", "138001380001");
    let (name2, phone2) = ("2wang", "213800138000");
    [
        [person("12", name, phone), person("2", name1, phone)],
        [person("12", name, phone), person("1", name2, phone)],
        [person("12", name, phone), person("2", name, phone1)],
        [person("12", name, phone), person("1", name, phone2)],
    ]
}

fn person(id: &str, name: &str, phone: &str) -> Profile {
    let identity = Identity {
        subject: Subject::new(id).unwrap_or_else(|_| unreachable!("it is a number")),
        name: Some(name.to_owned()),
        phone: Some(phone.to_owned()),
    };
    Profile::of(User {
        identity,
        updated_at: DateTime::UNIX_EPOCH,
    })
}
