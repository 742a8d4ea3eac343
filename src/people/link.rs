//! A person's own account in a client: the second step of the portal's document, in which a third
//! party joins the portal's users to its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The account a person has in one client, or in all of them. Its values win over the portal's in
/// that client's claims.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Link {
    /// The name of the account, told as `preferred_username`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Its address, told as `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether whoever made the link vouches for the address: the only way to `email_verified: true`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub email_verified: bool,
    /// Whatever else the client's rules may use.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Attribute>,
}

/// The value of a free attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Attribute {
    /// One text.
    One(String),
    /// A list; it stays one in claims, even with one member or none.
    Many(Vec<String>),
}

impl Link {
    /// This link, completed with what only `general` says: a link for one client goes before the one
    /// for all of them.
    #[must_use]
    pub fn or(self, general: Self) -> Self {
        let (email, email_verified) = match self.email {
            Some(email) => (Some(email), self.email_verified),
            None => (general.email, general.email_verified),
        };
        let mut attributes = general.attributes;
        attributes.extend(self.attributes);
        Self {
            username: self.username.or(general.username),
            email,
            email_verified,
            attributes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_for_one_client_goes_before_the_one_for_all() {
        let one: Link =
            serde_json::from_str(r#"{"username":"chentao","attributes":{"a":"1"}}"#).unwrap();
        let all: Link = serde_json::from_str(
            r#"{"username":"ct","email":"c@w.cn","email_verified":true,"attributes":{"a":"2","b":["x"]}}"#,
        )
        .unwrap();
        let both = one.clone().or(all.clone());
        assert_eq!(both.username.as_deref(), Some("chentao"));
        assert_eq!(
            (both.email.as_deref(), both.email_verified),
            (Some("c@w.cn"), true)
        );
        assert_eq!(both.attributes["a"], Attribute::One("1".to_owned()));
        assert_eq!(both.attributes["b"], Attribute::Many(vec!["x".to_owned()]));
    }

    #[test]
    fn an_address_is_vouched_for_only_by_the_link_that_gives_it() {
        let one: Link = serde_json::from_str(r#"{"email":"own@w.cn"}"#).unwrap();
        let all: Link =
            serde_json::from_str(r#"{"email":"c@w.cn","email_verified":true}"#).unwrap();
        assert!(!one.or(all).email_verified);
    }
}
