//! Which attributes are told (RFC 7644 §3.9): `attributes`, `excludedAttributes`.

use serde_json::{Map, Value as Json};

/// What is in every answer (`"returned": "always"`).
const ALWAYS: [&str; 2] = ["schemas", "id"];

/// Which attributes are told; all, unless something else is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projection {
    only: Vec<String>,
    without: Vec<String>,
}

impl Projection {
    /// The attributes of `only`, or all where it is empty, but for those of `without`.
    #[must_use]
    pub fn new<'a>(
        only: impl IntoIterator<Item = &'a str>,
        without: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self {
            only: only.into_iter().filter_map(path).collect(),
            without: without.into_iter().filter_map(path).collect(),
        }
    }

    /// Whether anything of the attribute `name` is told.
    #[must_use]
    pub fn tells(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let named = self.only.is_empty() || self.only.iter().any(|path| top(path) == name);
        named && !self.without.contains(&name)
    }

    /// What is told of `resource`.
    #[must_use]
    pub fn of(&self, mut resource: Json) -> Json {
        if let Json::Object(attributes) = &mut resource {
            attributes.retain(|name, _| ALWAYS.contains(&name.as_str()) || self.tells(name));
            for (name, value) in attributes {
                if !ALWAYS.contains(&name.as_str()) {
                    self.narrow(&name.to_ascii_lowercase(), value);
                }
            }
        }
        resource
    }

    /// Leaves of a complex attribute what is told of it.
    fn narrow(&self, name: &str, value: &mut Json) {
        let whole = self.only.is_empty() || self.only.iter().any(|path| path == name);
        let told = |attributes: &mut Map<String, Json>| {
            attributes.retain(|part, _| {
                let path = format!("{name}.{}", part.to_ascii_lowercase());
                (whole || self.only.contains(&path)) && !self.without.contains(&path)
            });
        };
        match value {
            Json::Object(attributes) => told(attributes),
            Json::Array(values) => values
                .iter_mut()
                .filter_map(Json::as_object_mut)
                .for_each(told),
            _ => {}
        }
    }
}

/// A name without its schema and in small letters.
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

    fn told(only: &str, without: &str) -> Json {
        Projection::new(only.split(','), without.split(',')).of(json!({
            "schemas": ["s"],
            "id": "1",
            "userName": "1",
            "name": { "formatted": "陈涛", "familyName": "陈" },
            "emails": [{ "value": "c@w.cn", "primary": true }],
        }))
    }

    #[test]
    fn attributes_are_told_by_name_and_id_always() {
        assert_eq!(told("", "")["name"]["familyName"], "陈");
        assert_eq!(
            told(
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
        assert_eq!(told("nothing", ""), json!({ "schemas": ["s"], "id": "1" }));
    }

    #[test]
    fn what_is_excluded_is_not_told_unless_it_has_to_be() {
        assert_eq!(
            told("", "id,schemas,emails,name.formatted"),
            json!({
                "schemas": ["s"],
                "id": "1",
                "userName": "1",
                "name": { "familyName": "陈" },
            })
        );
        assert_eq!(
            told("name", "name.familyname"),
            json!({ "schemas": ["s"], "id": "1", "name": { "formatted": "陈涛" } })
        );
    }

    #[test]
    fn what_is_costly_is_left_alone_where_nobody_asks() {
        let members = |only: &str, without: &str| {
            Projection::new(only.split(','), without.split(',')).tells("members")
        };
        assert!(members("", "") && members("members.value", "") && members("Members", ""));
        assert!(!members("displayName", "") && !members("", "MEMBERS"));
    }
}
