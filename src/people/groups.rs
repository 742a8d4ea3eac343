//! Groups: who is in which, and the roles they bring.
//!
//! Somebody is in a group that the configuration, the groups file or their link says, and in one
//! whose rule holds for them. A rule sees the groups that were said, not those of other rules.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use serde::Deserialize;

use super::input::{condition, ids};
use super::link::{Attribute, Link};
use super::profile::Profile;
use super::template::Condition;
use crate::crypto::identifiers::FileDigest;
use crate::session::User;

/// A group, as `[groups.NAME]` has it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Group {
    /// The Panda IDs of its members.
    #[serde(deserialize_with = "ids")]
    pub members: Vec<String>,
    /// A rule that makes somebody a member.
    #[serde(deserialize_with = "condition")]
    pub when: Option<Condition>,
    /// What its members may do.
    pub roles: Vec<String>,
}

/// What a groups file says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupsFile {
    /// Groups, by name.
    pub groups: BTreeMap<String, Group>,
    /// Who was given a role beside those of the groups.
    #[serde(skip)]
    pub roles: BTreeMap<String, Vec<String>>,
}

/// What somebody belongs to. Each list is sorted and has each name once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Membership {
    /// The groups.
    pub groups: Vec<String>,
    /// The roles these bring, and those that were given by themselves.
    pub roles: Vec<String>,
    /// Groups whose rule could not tell.
    pub unsettled: Vec<String>,
}

/// All groups. The file is swapped in whole, while others read.
#[derive(Debug)]
pub struct Groups {
    configured: BTreeMap<String, Group>,
    has_file: bool,
    table: RwLock<Arc<Table>>,
}

/// The groups as they are looked up.
#[derive(Debug, Default)]
struct Table {
    /// What the file held.
    digest: Option<FileDigest>,
    names: BTreeSet<String>,
    people: HashMap<String, Listed>,
    rules: Vec<(String, Condition)>,
    roles: HashMap<String, Vec<String>>,
}

/// What is listed of a person.
#[derive(Debug, Default)]
struct Listed {
    groups: Vec<Arc<str>>,
    roles: Vec<Arc<str>>,
}

impl Groups {
    /// The groups of the configuration, and of the file with its digest, if there is one.
    #[must_use]
    pub fn new(
        configured: BTreeMap<String, Group>,
        file: Option<(GroupsFile, FileDigest)>,
    ) -> Self {
        let groups = Self {
            configured,
            has_file: file.is_some(),
            table: RwLock::default(),
        };
        let (file, digest) =
            file.map_or_else(Default::default, |(file, digest)| (file, Some(digest)));
        groups.swap(&file, digest);
        groups
    }

    /// The digest of what the file held.
    #[must_use]
    pub fn digest(&self) -> Option<FileDigest> {
        self.table().digest
    }

    /// Puts what the file says now in the place of what it said.
    pub fn swap(&self, file: &GroupsFile, digest: Option<FileDigest>) {
        let table = Arc::new(Table::of(&self.configured, file, digest));
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = table;
    }

    fn table(&self) -> Arc<Table> {
        Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The names of all groups but those that links alone give.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.table().names.iter().cloned().collect()
    }

    /// Whether `name` is one of [`Groups::names`].
    #[must_use]
    pub fn is_known(&self, name: &str) -> bool {
        self.table().names.contains(name)
    }

    /// What `user`, who has `link` in the client that asks, belongs to.
    #[must_use]
    pub fn of(&self, user: &User, link: Option<&Link>) -> Membership {
        let linked = |name| link.and_then(|link| link.attributes.get(name));
        let (of_link, roles_of_link) = (linked("groups"), linked("roles"));
        let none = self.configured.is_empty() && !self.has_file;
        if none && of_link.is_none() && roles_of_link.is_none() {
            return Membership::default();
        }
        let table = self.table();
        let listed = table.people.get(user.subject().as_str());
        let (groups, roles) = listed.map_or((&[][..], &[][..]), |listed| {
            (&listed.groups[..], &listed.roles[..])
        });
        let names = |all: &[Arc<str>]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut groups: BTreeSet<_> = names(groups).into_iter().chain(values(of_link)).collect();
        let mut roles: BTreeSet<_> = names(roles)
            .into_iter()
            .chain(values(roles_of_link))
            .collect();
        let said = |groups: &BTreeSet<String>, roles: &mut BTreeSet<String>| {
            let brought = groups.iter().filter_map(|group| table.roles.get(group));
            roles.extend(brought.flatten().cloned());
        };
        said(&groups, &mut roles);
        let mut unsettled = BTreeSet::new();
        if !table.rules.is_empty() {
            let profile = Profile {
                link: link.cloned(),
                groups: groups.iter().cloned().collect(),
                roles: roles.iter().cloned().collect(),
                ..Profile::of(user.clone())
            };
            for (group, rule) in &table.rules {
                match rule.holds(&profile) {
                    Ok(true) => _ = groups.insert(group.clone()),
                    Ok(false) => {}
                    Err(error) => {
                        tracing::debug!(%group, subject = %user.subject(), "The rule of group {group} cannot tell about {}: {error}", user.subject());
                        unsettled.insert(group.clone());
                    }
                }
            }
            said(&groups, &mut roles);
        }
        Membership {
            unsettled: unsettled.difference(&groups).cloned().collect(),
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

impl Table {
    fn of(
        configured: &BTreeMap<String, Group>,
        file: &GroupsFile,
        digest: Option<FileDigest>,
    ) -> Self {
        let mut table = Self {
            digest,
            ..Self::default()
        };
        for (name, group) in configured.iter().chain(&file.groups) {
            table.names.insert(name.clone());
            let id: Arc<str> = name.as_str().into();
            for member in &group.members {
                let listed = table.people.entry(member.clone()).or_default();
                listed.groups.push(Arc::clone(&id));
            }
            if let Some(rule) = &group.when {
                table.rules.push((name.clone(), rule.clone()));
            }
            if !group.roles.is_empty() {
                let roles = table.roles.entry(name.clone()).or_default();
                roles.extend(group.roles.iter().cloned());
            }
        }
        for (role, people) in &file.roles {
            let role: Arc<str> = role.as_str().into();
            for person in people {
                let listed = table.people.entry(person.clone()).or_default();
                listed.roles.push(Arc::clone(&role));
            }
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tests::session;

    fn groups(toml: &str) -> Groups {
        Groups::new(toml::from_str(toml).unwrap(), None)
    }

    fn of(groups: &Groups, subject: &str, link: Option<&str>) -> (String, String) {
        let link = link.map(|json| serde_json::from_str(json).unwrap());
        let membership = groups.of(&session(subject).user, link.as_ref());
        (membership.groups.join(" "), membership.roles.join(" "))
    }

    fn pair(groups: &str, roles: &str) -> (String, String) {
        (groups.to_owned(), roles.to_owned())
    }

    #[test]
    fn the_configuration_and_the_link_say_who_is_in_a_group() {
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
        let nothing = Groups::new(BTreeMap::new(), None);
        assert_eq!(of(&nothing, "1", Some(link)), pair("meters 调度", "Own"));
        assert_eq!(of(&nothing, "1", None), pair("", ""));
    }

    #[test]
    fn a_group_is_known_though_nobody_is_in_it() {
        let groups = groups("[b]\n[a]\nmembers = ['1']\n[c]\nwhen = 'true'\n");
        assert_eq!(groups.names(), ["a", "b", "c"]);
        let link = r#"{"attributes":{"groups":["d"]}}"#;
        assert_eq!(of(&groups, "1", Some(link)), pair("a c d", ""));
        assert!(groups.is_known("b") && !groups.is_known("d"));
    }

    #[test]
    fn a_rule_sees_what_was_said_and_not_what_other_rules_say() {
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
    fn a_rule_that_cannot_tell_is_said_to() {
        let groups = groups(
            "[landline]\nwhen = 'user.phone | length > 5'\n\
             [both]\nmembers = ['1']\nwhen = 'user.phone | length > 5'\n",
        );
        let membership = groups.of(&session("1").user, None);
        assert_eq!(membership.groups, ["both"]);
        assert_eq!(membership.unsettled, ["landline"]);
    }
}
