//! Groups (RFC 7643 §4.2).

use serde_json::{Value as Json, json};

use super::base::BaseUrl;
use super::filter::{Attribute, Kind, Searchable, Value};
use super::page::etag;

/// A group that the configuration or the groups file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The name, which is both `id` and `displayName`.
    pub name: String,
    /// The members; `None` if they were not looked up.
    pub members: Option<Vec<Member>>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The `id` of the user.
    pub id: String,
    /// The `displayName` of the user.
    pub name: Option<String>,
}

/// The attributes that groups can be filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupAttribute {
    /// `id`
    Id,
    /// `displayName`
    DisplayName,
    /// `members.value`
    Member,
}

impl Attribute for GroupAttribute {
    const SCHEMA: &'static str = "urn:ietf:params:scim:schemas:core:2.0:Group";

    const NAMED: &'static [(&'static str, Self)] = &[
        ("id", Self::Id),
        ("displayName", Self::DisplayName),
        ("members.value", Self::Member),
        ("members", Self::Member),
    ];

    fn kind(self) -> Kind {
        match self {
            Self::Id | Self::Member => Kind::Exact,
            Self::DisplayName => Kind::Folded,
        }
    }
}

impl Group {
    /// The resource, with its members if they were looked up. Only then does it have a
    /// `meta.version`, because the version covers the members.
    #[must_use]
    pub fn resource(&self, base: &BaseUrl) -> Json {
        let mut group = json!({
            "schemas": [GroupAttribute::SCHEMA],
            "id": self.name,
            "displayName": self.name,
            "meta": { "resourceType": "Group", "location": base.group(&self.name) },
        });
        if let Some(members) = &self.members {
            let members = members.iter().map(|member| {
                let mut value = json!({
                    "value": member.id,
                    "type": "User",
                    "$ref": base.user(&member.id),
                });
                if let Some(name) = &member.name {
                    value["display"] = json!(name);
                }
                value
            });
            group["members"] = members.collect();
            group["meta"]["version"] = json!(etag(&group));
        }
        group
    }
}

impl Searchable for Group {
    type Attribute = GroupAttribute;

    fn any(&self, attribute: GroupAttribute, holds: &mut dyn FnMut(&Value<'_>) -> bool) -> bool {
        match attribute {
            GroupAttribute::Id | GroupAttribute::DisplayName => {
                holds(&Value::Text(self.name.as_str().into()))
            }
            GroupAttribute::Member => self
                .members
                .iter()
                .flatten()
                .any(|member| holds(&Value::Text(member.id.as_str().into()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::Filter;

    fn group() -> Group {
        let member = |id: &str, name: Option<&str>| Member {
            id: id.to_owned(),
            name: name.map(str::to_owned),
        };
        Group {
            name: "调度/A".to_owned(),
            members: Some(vec![member("1", Some("陈涛")), member("2", None)]),
        }
    }

    #[test]
    fn the_version_of_a_group_covers_its_members() {
        let base = BaseUrl::new("http://a");
        let whole = group().resource(&base);
        assert_eq!(
            whole["meta"]["location"],
            "http://a/scim/v2/Groups/%E8%B0%83%E5%BA%A6%2FA"
        );
        assert_eq!(
            whole["members"],
            json!([
                { "value": "1", "type": "User", "$ref": "http://a/scim/v2/Users/1", "display": "陈涛" },
                { "value": "2", "type": "User", "$ref": "http://a/scim/v2/Users/2" },
            ])
        );
        let mut other = group();
        other.members.as_mut().unwrap().pop();
        assert_ne!(
            other.resource(&base)["meta"]["version"],
            whole["meta"]["version"]
        );
        other.members = None;
        let bare = other.resource(&base);
        assert!(bare.get("members").is_none() && bare["meta"].get("version").is_none());
    }

    #[test]
    fn groups_are_found_by_name_and_by_member() {
        for (text, expected) in [
            (r#"displayName sw "调度""#, true),
            (r#"displayName eq "调度/a""#, true),
            (r#"id eq "调度/a""#, false),
            (r#"members.value eq "2""#, true),
            (r#"members eq "3""#, false),
        ] {
            let filter = Filter::parse(text).unwrap();
            assert_eq!(filter.holds(&group()), expected, "{text}");
        }
    }
}
