//! Groups: who the members are, and which roles the groups give.
//!
//! A user is in every group that the configuration, the groups file or the user's link lists, and in
//! every group whose rule is true for the user. A rule sees the listed groups only, not the groups that
//! come from other rules.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use panda_oidc_sdk::Subject;
use serde::Deserialize;

use super::condition::Condition;
use super::expression::TemplateError;
use super::input::{condition, user_ids};
use super::link::{Attribute, Link};
use super::profile::Profile;
use crate::session::User;

/// A group, as `[groups.NAME]` has it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Group {
    /// The Panda IDs of its members.
    #[serde(deserialize_with = "user_ids")]
    pub members: Vec<String>,
    /// A rule. Users for whom it is true are members.
    #[serde(deserialize_with = "condition")]
    pub when: Option<Condition>,
    /// The roles of its members.
    pub roles: Vec<String>,
}

/// The content of a groups file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupsFile {
    /// Groups, by name.
    pub groups: BTreeMap<String, Group>,
    /// Users who have a role independent of any group, by role.
    #[serde(skip)]
    pub roles: BTreeMap<String, Vec<String>>,
    /// What the rows of a table say of their members besides the id.
    #[serde(skip)]
    pub described: Vec<DescribedMember>,
}

/// A member of a group whose row also has a name or a telephone number, for human readers.
#[derive(Debug, Clone)]
pub struct DescribedMember {
    /// The line of the file.
    pub line: u64,
    /// The id.
    pub subject: Subject,
    /// The name.
    pub name: Option<String>,
    /// The telephone number.
    pub phone: Option<String>,
}

/// The groups and roles of a user. Each list is sorted and has no duplicates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Membership {
    /// The groups.
    pub groups: Vec<String>,
    /// The roles of these groups, and roles that were given directly.
    pub roles: Vec<String>,
    /// Groups whose rule could not be evaluated for the user.
    pub undecided_groups: Vec<String>,
    /// The errors of the rules that could not be evaluated for the user.
    pub failures: Vec<GroupFailure>,
}

/// Why the rule of a group could not be evaluated for a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupFailure {
    /// The group.
    pub group: String,
    /// What is wrong with the rule, or with what it uses.
    pub error: TemplateError,
}

/// All groups, indexed for lookup.
#[derive(Debug, Default)]
pub struct Groups {
    names: BTreeSet<String>,
    people: HashMap<String, Listed>,
    rules: Vec<(String, Condition)>,
    roles: HashMap<String, Vec<String>>,
}

/// The groups and roles that are listed for a user.
#[derive(Debug, Default)]
struct Listed {
    groups: Vec<Arc<str>>,
    roles: Vec<Arc<str>>,
}

impl Groups {
    /// The groups of the configuration and of the groups file.
    #[must_use]
    pub fn new(configured: &BTreeMap<String, Group>, file: &GroupsFile) -> Self {
        let mut all = Self::default();
        for (name, group) in configured.iter().chain(&file.groups) {
            all.names.insert(name.clone());
            let id: Arc<str> = name.as_str().into();
            for member in &group.members {
                let listed = all.people.entry(member.clone()).or_default();
                listed.groups.push(Arc::clone(&id));
            }
            if let Some(rule) = &group.when {
                all.rules.push((name.clone(), rule.clone()));
            }
            if !group.roles.is_empty() {
                let roles = all.roles.entry(name.clone()).or_default();
                roles.extend(group.roles.iter().cloned());
            }
        }
        for (role, people) in &file.roles {
            let role: Arc<str> = role.as_str().into();
            for person in people {
                let listed = all.people.entry(person.clone()).or_default();
                listed.roles.push(Arc::clone(&role));
            }
        }
        all
    }

    /// The names of all groups of the configuration and the file. Groups that only links name are
    /// not included.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.names.iter().cloned().collect()
    }

    /// The names of all roles that groups or the file give.
    pub fn role_names(&self) -> impl Iterator<Item = &str> {
        let of_groups = self.roles.values().flatten().map(String::as_str);
        let of_people = self.people.values().flat_map(|listed| &listed.roles);
        of_groups.chain(of_people.map(AsRef::as_ref))
    }

    /// The ids of everybody whom a list names.
    pub fn member_ids(&self) -> impl Iterator<Item = &str> {
        self.people.keys().map(String::as_str)
    }

    /// The groups that have a rule, with the rule.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &Condition)> {
        self.rules
            .iter()
            .map(|(group, rule)| (group.as_str(), rule))
    }

    /// Whether `name` is one of [`Groups::names`].
    #[must_use]
    pub fn is_known(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The groups and roles of `user`, whose account at the requesting client is `link`.
    #[must_use]
    pub fn membership_of(&self, user: &User, link: Option<&Link>) -> Membership {
        let attribute = |name| link.and_then(|link| link.attributes.get(name));
        let (linked_groups, linked_roles) = (attribute("groups"), attribute("roles"));
        let no_groups = self.names.is_empty() && self.people.is_empty();
        if no_groups && linked_groups.is_none() && linked_roles.is_none() {
            return Membership::default();
        }
        let listed = self.people.get(user.subject().as_str());
        let (groups, roles) = listed.map_or((&[][..], &[][..]), |listed| {
            (&listed.groups[..], &listed.roles[..])
        });
        let names = |all: &[Arc<str>]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut groups: BTreeSet<_> = names(groups)
            .into_iter()
            .chain(values(linked_groups))
            .collect();
        let mut roles: BTreeSet<_> = names(roles)
            .into_iter()
            .chain(values(linked_roles))
            .collect();
        let add_group_roles = |groups: &BTreeSet<String>, roles: &mut BTreeSet<String>| {
            let group_roles = groups.iter().filter_map(|group| self.roles.get(group));
            roles.extend(group_roles.flatten().cloned());
        };
        add_group_roles(&groups, &mut roles);
        let mut failures = Vec::new();
        if !self.rules.is_empty() {
            let profile = Profile {
                link: link.cloned(),
                groups: groups.iter().cloned().collect(),
                roles: roles.iter().cloned().collect(),
                ..Profile::of(user.clone())
            };
            for (group, rule) in &self.rules {
                match rule.evaluate(&profile) {
                    Ok(true) => _ = groups.insert(group.clone()),
                    Ok(false) => {}
                    Err(error) => failures.push(GroupFailure {
                        group: group.clone(),
                        error,
                    }),
                }
            }
            add_group_roles(&groups, &mut roles);
        }
        let failed = failures.iter().map(|failure| &failure.group);
        let undecided = failed.filter(|group| !groups.contains(*group));
        Membership {
            undecided_groups: undecided
                .cloned()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            failures,
            groups: groups.into_iter().collect(),
            roles: roles.into_iter().collect(),
        }
    }
}

fn values(attribute: Option<&Attribute>) -> Vec<String> {
    match attribute {
        None => Vec::new(),
        Some(Attribute::One(one)) => vec![one.clone()],
        Some(Attribute::Many(many)) => many.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tests::session;

    fn groups(toml: &str) -> Groups {
        Groups::new(&toml::from_str(toml).unwrap(), &GroupsFile::default())
    }

    fn of(groups: &Groups, subject: &str, link: Option<&str>) -> (String, String) {
        let link = link.map(|json| serde_json::from_str(json).unwrap());
        let membership = groups.membership_of(&session(subject).user, link.as_ref());
        (membership.groups.join(" "), membership.roles.join(" "))
    }

    fn pair(groups: &str, roles: &str) -> (String, String) {
        (groups.to_owned(), roles.to_owned())
    }

    #[test]
    fn members_come_from_the_configuration_and_the_link() {
        let groups = groups(
            "[dispatch]\nmembers = ['1', 2]\nroles = ['Editor']\n\
             [meters]\nmembers = ['1']\nroles = ['Viewer', 'Editor']\n\
             ['调度']\nroles = ['Admin']\n",
        );
        assert_eq!(
            of(&groups, "1", None),
            pair("dispatch meters", "Editor Viewer")
        );
        assert_eq!(of(&groups, "2", None), pair("dispatch", "Editor"));
        assert_eq!(of(&groups, "3", None), pair("", ""));
        let link = r#"{"attributes":{"groups":["调度","meters"],"roles":"Own"}}"#;
        assert_eq!(
            of(&groups, "1", Some(link)),
            pair("dispatch meters 调度", "Admin Editor Own Viewer")
        );
        let empty = Groups::default();
        assert_eq!(of(&empty, "1", Some(link)), pair("meters 调度", "Own"));
        assert_eq!(of(&empty, "1", None), pair("", ""));
    }

    #[test]
    fn a_group_without_members_is_still_known() {
        let groups = groups("[b]\n[a]\nmembers = ['1']\n[c]\nwhen = 'true'\n");
        assert_eq!(groups.names(), ["a", "b", "c"]);
        let link = r#"{"attributes":{"groups":["d"]}}"#;
        assert_eq!(of(&groups, "1", Some(link)), pair("a c d", ""));
        assert!(groups.is_known("b") && !groups.is_known("d"));
    }

    #[test]
    fn a_rule_sees_listed_groups_and_not_the_groups_of_other_rules() {
        let groups = groups(
            "[a]\nmembers = ['1']\nroles = ['Editor']\n\
             [b]\nwhen = '\"a\" in groups and \"Editor\" in roles'\nroles = ['B']\n\
             [c]\nwhen = '\"b\" in groups'\n\
             [d]\nwhen = 'link.attributes.dept == \"调度\"'\n",
        );
        assert_eq!(of(&groups, "1", None), pair("a b", "B Editor"));
        let link = r#"{"attributes":{"dept":"调度"}}"#;
        assert_eq!(of(&groups, "2", Some(link)), pair("d", ""));
    }

    #[test]
    fn a_group_whose_rule_fails_is_reported_as_undecided() {
        let groups = groups(
            "[landline]\nwhen = 'user.phone | length > 5'\n\
             [both]\nmembers = ['1']\nwhen = 'user.phone | length > 5'\n",
        );
        let membership = groups.membership_of(&session("1").user, None);
        assert_eq!(membership.groups, ["both"]);
        assert_eq!(membership.undecided_groups, ["landline"]);
        let failed = membership.failures.iter();
        let failed: Vec<_> = failed.map(|failure| failure.group.as_str()).collect();
        assert_eq!(failed, ["both", "landline"]);
    }
}
