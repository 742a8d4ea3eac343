//! Links: the accounts that users have at clients. They are the second step of the portal's document,
//! in which a third party maps the portal's users to its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A user's account at one client, or at all of them. In that client's claims, its values win over
/// the portal's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Link {
    /// The name of the account, sent as `preferred_username`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The e-mail address of the account, sent as `email`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the creator of the link vouches for the address. Only then is `email_verified` true.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub email_verified: bool,
    /// Further values that the client's rules may use.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Attribute>,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Attribute {
    /// A string.
    One(String),
    /// A list. It stays a list in claims, even with one member or none.
    Many(Vec<String>),
}

impl Link {
    /// The account of a person in a client: their link for it, completed from the link for all clients.
    #[must_use]
    pub fn merged(own: Option<Self>, general: Option<Self>) -> Option<Self> {
        match (own, general) {
            (Some(own), Some(general)) => Some(own.with_defaults(general)),
            (own, general) => own.or(general),
        }
    }

    /// This link for one client, with missing values taken from `general`, the link for all clients.
    #[must_use]
    pub fn with_defaults(self, general: Self) -> Self {
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
    fn a_link_for_one_client_overrides_the_link_for_all_clients() {
        let one: Link =
            serde_json::from_str(r#"{"username":"chentao","attributes":{"a":"1"}}"#).unwrap();
        let all: Link = serde_json::from_str(
            r#"{"username":"ct","email":"c@w.cn","email_verified":true,"attributes":{"a":"2","b":["x"]}}"#,
        )
        .unwrap();
        let both = one.clone().with_defaults(all.clone());
        assert_eq!(both.username.as_deref(), Some("chentao"));
        assert_eq!(
            (both.email.as_deref(), both.email_verified),
            (Some("c@w.cn"), true)
        );
        assert_eq!(both.attributes["a"], Attribute::One("1".to_owned()));
        assert_eq!(both.attributes["b"], Attribute::Many(vec!["x".to_owned()]));
    }

    #[test]
    fn email_verified_applies_only_to_the_address_of_the_same_link() {
        let one: Link = serde_json::from_str(r#"{"email":"own@w.cn"}"#).unwrap();
        let all: Link =
            serde_json::from_str(r#"{"email":"c@w.cn","email_verified":true}"#).unwrap();
        assert!(!one.with_defaults(all).email_verified);
    }
}
