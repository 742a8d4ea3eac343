//! Which attributes are returned (RFC 7644 §3.9): `attributes`, `excludedAttributes`.

use std::collections::HashSet;

use serde_json::{Map, Value as Json};

/// Attributes of every response (`"returned": "always"`).
const ALWAYS_RETURNED: [&str; 2] = ["schemas", "id"];

/// Which attributes are returned; all of them by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projection {
    only: HashSet<String>,
    /// The attributes of which `only` has the whole or a part.
    only_top: HashSet<String>,
    without: HashSet<String>,
}

impl Projection {
    /// Returns the attributes of `only`, or all if it is empty, except those of `without`.
    #[must_use]
    pub fn new<'a>(
        only: impl IntoIterator<Item = &'a str>,
        without: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let only: HashSet<_> = only.into_iter().filter_map(path).collect();
        Self {
            only_top: only.iter().map(|path| top(path).to_owned()).collect(),
            only,
            without: without.into_iter().filter_map(path).collect(),
        }
    }

    /// Whether the attribute `name`, or a part of it, is returned.
    #[must_use]
    pub fn includes(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let named = self.only.is_empty() || self.only_top.contains(&name);
        named && !self.without.contains(&name)
    }

    /// Removes from `resource` the attributes that are not returned.
    #[must_use]
    pub fn of(&self, mut resource: Json) -> Json {
        if let Json::Object(attributes) = &mut resource {
            attributes
                .retain(|name, _| ALWAYS_RETURNED.contains(&name.as_str()) || self.includes(name));
            for (name, value) in attributes {
                if !ALWAYS_RETURNED.contains(&name.as_str()) {
                    self.narrow(&name.to_ascii_lowercase(), value);
                }
            }
        }
        resource
    }

    /// Removes from a complex attribute the sub-attributes that are not returned.
    fn narrow(&self, name: &str, value: &mut Json) {
        let whole = self.only.is_empty() || self.only.contains(name);
        let retain_returned = |attributes: &mut Map<String, Json>| {
            attributes.retain(|part, _| {
                let path = format!("{name}.{}", part.to_ascii_lowercase());
                (whole || self.only.contains(&path)) && !self.without.contains(&path)
            });
        };
        match value {
            Json::Object(attributes) => retain_returned(attributes),
            Json::Array(values) => values
                .iter_mut()
                .filter_map(Json::as_object_mut)
                .for_each(retain_returned),
            _ => {}
        }
    }
}

/// An attribute name in lower case and without the URN of its schema.
fn path(written: &str) -> Option<String> {
    let name = written.trim();
    let name = match name.rsplit_once(':') {
        Some((_, name)) => name,
        None => name,
    };
    (!name.is_empty()).then(|| name.to_ascii_lowercase())
}

fn top(path: &str) -> &str {
    path.split_once('.').map_or(path, |(top, _)| top)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn projected(only: &str, without: &str) -> Json {
        Projection::new(only.split(','), without.split(',')).of(json!({
            "schemas": ["s"],
            "id": "1",
            "userName": "1",
            "name": { "formatted": "陈涛", "familyName": "陈" },
            "emails": [{ "value": "c@w.cn", "primary": true }],
        }))
    }

    #[test]
    fn requested_attributes_are_returned_and_id_always() {
        assert_eq!(projected("", "")["name"]["familyName"], "陈");
        assert_eq!(
            projected(
                "username, urn:ietf:params:scim:schemas:core:2.0:User:EMAILS.value",
                ""
            ),
            json!({
                "schemas": ["s"],
                "id": "1",
                "userName": "1",
                "emails": [{ "value": "c@w.cn" }],
            })
        );
        assert_eq!(
            projected("nothing", ""),
            json!({ "schemas": ["s"], "id": "1" })
        );
    }

    #[test]
    fn excluded_attributes_are_not_returned_unless_required() {
        assert_eq!(
            projected("", "id,schemas,emails,name.formatted"),
            json!({
                "schemas": ["s"],
                "id": "1",
                "userName": "1",
                "name": { "familyName": "陈" },
            })
        );
        assert_eq!(
            projected("name", "name.familyname"),
            json!({ "schemas": ["s"], "id": "1", "name": { "formatted": "陈涛" } })
        );
    }

    #[test]
    fn a_costly_attribute_is_skipped_if_it_is_not_requested() {
        let members = |only: &str, without: &str| {
            Projection::new(only.split(','), without.split(',')).includes("members")
        };
        assert!(members("", "") && members("members.value", "") && members("Members", ""));
        assert!(!members("displayName", "") && !members("", "MEMBERS"));
    }
}
