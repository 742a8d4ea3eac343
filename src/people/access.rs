//! Access rules: who may use a client.

use std::collections::HashSet;

use serde::Deserialize;

use super::condition::Condition;
use super::input::{condition, user_ids};
use super::link::Link;
use super::mentions::Mentions;
use super::profile::Profile;

/// Who may use a client that is not open to everybody.
#[derive(Debug, Clone, Default)]
pub struct AccessRules {
    /// The users who may use the client. `None` allows everybody.
    pub allow: Option<UserSet>,
    /// The users who may not, even if `allow` includes them.
    pub deny: Option<UserSet>,
    /// Whether users without an account at the client (a link) are denied.
    pub linked_only: bool,
}

/// A set of users. A user belongs to it when at least one of the fields matches.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UserSet {
    /// Panda IDs of users.
    #[serde(deserialize_with = "user_ids")]
    pub ids: HashSet<String>,
    /// Groups whose members belong to the set.
    pub groups: HashSet<String>,
    /// A rule that is true for users of the set.
    #[serde(deserialize_with = "condition")]
    pub when: Option<Condition>,
}

/// Why a user may not use a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The user is in `deny`.
    #[error("they are among those who are denied")]
    Listed,
    /// The user is not in `allow`.
    #[error("they are not among those who are allowed")]
    NotListed,
    /// The client has no account for the user.
    #[error("they are not linked to an account")]
    Unlinked,
    /// A rule could not be evaluated, which denies access (N44, docs/security.md).
    #[error("a rule cannot tell about them: {0}")]
    Rule(String),
}

impl Denied {
    /// The key of the client's configuration whose rule denies; `None` when a rule could not be evaluated.
    #[must_use]
    pub fn key(&self) -> Option<&'static str> {
        match self {
            Self::Listed => Some("deny"),
            Self::NotListed => Some("allow"),
            Self::Unlinked => Some("unlinked"),
            Self::Rule(_) => None,
        }
    }
}

impl AccessRules {
    /// Whether the decision may depend on the user's account at the client.
    #[must_use]
    pub fn depends_on_link(&self) -> bool {
        let depends_on_link = |who: &UserSet| !who.groups.is_empty() || who.when.is_some();
        self.linked_only || self.allow.iter().chain(&self.deny).any(depends_on_link)
    }

    /// Decides whether the user may use the client.
    ///
    /// # Errors
    ///
    /// [`Denied`] with the reason.
    pub fn decide(&self, profile: &Profile) -> Result<(), Denied> {
        if let Some(deny) = &self.deny {
            deny.require_decided_groups(profile)?;
            if deny.includes(profile)? {
                return Err(Denied::Listed);
            }
        }
        if let Some(allow) = &self.allow
            && !allow.lists(profile)
        {
            // A rule may test that a user is not in a group, so an undecided group matters here too.
            allow.require_decided_groups(profile)?;
            if !allow.includes(profile)? {
                return Err(Denied::NotListed);
            }
        }
        // A link that holds attributes alone, such as a department, is not an account.
        let is_account = |link: &Link| link.username.is_some() || link.email.is_some();
        if self.linked_only && !profile.link.as_ref().is_some_and(is_account) {
            return Err(Denied::Unlinked);
        }
        Ok(())
    }
}

impl UserSet {
    /// Whether no field is set, so that no user belongs to the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.groups.is_empty() && self.when.is_none()
    }

    /// The names that the set mentions.
    #[must_use]
    pub fn mentions(&self) -> Mentions {
        let mut mentions = self
            .when
            .as_ref()
            .map(Condition::mentions)
            .unwrap_or_default();
        mentions.groups.extend(self.groups.iter().cloned());
        mentions.ids.extend(self.ids.iter().cloned());
        mentions
    }

    /// Whether the user is listed by id or by group.
    fn lists(&self, profile: &Profile) -> bool {
        self.ids.contains(profile.user.subject().as_str())
            || profile.groups.iter().any(|it| self.groups.contains(it))
    }

    fn includes(&self, profile: &Profile) -> Result<bool, Denied> {
        if self.lists(profile) {
            return Ok(true);
        }
        let holds = self.when.as_ref().map(|when| when.evaluate(profile));
        let holds = holds.transpose();
        Ok(holds
            .map_err(|error| Denied::Rule(error.to_string()))?
            .unwrap_or(false))
    }

    /// Fails when the result may depend on a group whose own rule could not be evaluated.
    fn require_decided_groups(&self, profile: &Profile) -> Result<(), Denied> {
        let matters = |group: &&String| self.when.is_some() || self.groups.contains(*group);
        match profile.undecided_groups.iter().find(matters) {
            Some(group) => Err(Denied::Rule(format!("the rule of group {group}"))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::session::tests::session;

    fn who(toml: &str) -> UserSet {
        toml::from_str(toml).unwrap()
    }

    fn person(subject: &str, groups: &[&str]) -> Profile {
        Profile {
            groups: groups.iter().map(ToString::to_string).collect(),
            ..Profile::of(session(subject).user)
        }
    }

    fn access(allow: &str, deny: &str) -> AccessRules {
        let parse_list = |toml: &str| (!toml.is_empty()).then(|| who(toml));
        AccessRules {
            allow: parse_list(allow),
            deny: parse_list(deny),
            linked_only: false,
        }
    }

    #[test]
    fn without_rules_everybody_may_use_the_client() {
        assert_eq!(access("", "").decide(&person("1", &[])), Ok(()));
    }

    #[test]
    fn allow_matches_by_id_by_group_or_by_rule() {
        let access = access(
            "ids = [1]\ngroups = ['a', 'b']\nwhen = 'user.id == \"3\"'",
            "",
        );
        for allowed in [person("1", &[]), person("2", &["b"]), person("3", &["c"])] {
            assert_eq!(access.decide(&allowed), Ok(()));
        }
        for other in [person("4", &[]), person("11", &["c"])] {
            assert_eq!(access.decide(&other), Err(Denied::NotListed));
        }
    }

    #[test]
    fn deny_wins_over_allow() {
        let access = access("ids = ['1']", "groups = ['left']");
        assert_eq!(access.decide(&person("1", &[])), Ok(()));
        let denied = access.decide(&person("1", &["left"]));
        assert_eq!(denied, Err(Denied::Listed));
    }

    #[test]
    fn users_without_an_account_at_the_client_may_be_denied() {
        let access = AccessRules {
            linked_only: true,
            ..AccessRules::default()
        };
        let unlinked = person("1", &[]);
        assert_eq!(access.decide(&unlinked), Err(Denied::Unlinked));
        let with = |link: serde_json::Value| Profile {
            link: Some(serde_json::from_value::<Link>(link).unwrap()),
            ..unlinked.clone()
        };
        for account in [json!({ "username": "ct" }), json!({ "email": "c@w.cn" })] {
            assert_eq!(access.decide(&with(account)), Ok(()));
        }
        // A department in a table is not an account.
        let attributes = with(json!({ "attributes": { "dept": "调度中心" } }));
        assert_eq!(access.decide(&attributes), Err(Denied::Unlinked));
    }

    #[test]
    fn a_rule_that_cannot_be_evaluated_denies() {
        let rule = "when = 'user.phone | length > 3'";
        let person = person("1", &["a"]);
        for access in [access(rule, ""), access("", rule)] {
            assert!(matches!(access.decide(&person), Err(Denied::Rule(_))));
        }
        let negated = access("when = \"'long' not in groups\"", "");
        let undecided = Profile {
            undecided_groups: vec!["long".to_owned()],
            ..person.clone()
        };
        assert_eq!(negated.decide(&person), Ok(()));
        assert!(matches!(negated.decide(&undecided), Err(Denied::Rule(_))));
        let listed = access(&format!("groups = ['a']\n{rule}"), "");
        assert_eq!(listed.decide(&person), Ok(()), "the rule is not needed");
    }

    #[test]
    fn an_undecided_group_denies_only_where_it_could_matter() {
        let undecided = Profile {
            undecided_groups: vec!["left".to_owned()],
            ..person("1", &["a"])
        };
        for deny in ["groups = ['left']", "when = '\"left\" in groups'"] {
            let denied = access("", deny).decide(&undecided);
            assert!(matches!(denied, Err(Denied::Rule(_))), "{deny}");
        }
        assert_eq!(access("", "groups = ['b']").decide(&undecided), Ok(()));
        assert_eq!(access("groups = ['a']", "").decide(&undecided), Ok(()));
    }

    #[test]
    fn links_are_looked_up_only_where_they_may_matter() {
        assert!(!access("ids = [1]", "ids = [2]").depends_on_link());
        assert!(access("groups = ['a']", "").depends_on_link());
        assert!(access("", "when = 'link'").depends_on_link());
    }

    #[test]
    fn the_example_rules_of_the_guide_are_true_for_the_users_they_describe() {
        let mut person = person("1", &["dispatch"]);
        person.user.identity.name = Some("新耀分公司".to_owned());
        person.user.identity.phone = Some("13800138000".to_owned());
        let attributes = r#"{"attributes":{"dept":"调度中心"}}"#;
        person.link = Some(serde_json::from_str(attributes).unwrap());
        for guide in [
            include_str!("../../docs/access.md"),
            include_str!("../../docs/access.zh.md"),
        ] {
            let (_, table) = guide.split_once("| --- | --- |\n| `\"dispatch\"").unwrap();
            let rows = format!("| `\"dispatch\"{table}");
            let rules = rows.lines().filter_map(|row| row.split('`').nth(1));
            let rules: Vec<_> = rules.map(|rule| Condition::new(rule).unwrap()).collect();
            assert_eq!(rules.len(), 5);
            for rule in rules {
                assert_eq!(rule.evaluate(&person), Ok(true), "{rule:?}");
            }
        }
    }
}
