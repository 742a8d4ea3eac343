//! Changes of the accounts people have in clients.

use std::collections::BTreeMap;

use panda_oidc_sdk::Subject;

use crate::people::{Attribute, Link};

/// Whose a link is, and in which client; `None` is all of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Whose.
    pub subject: Subject,
    /// The client's identifier.
    pub client: Option<String>,
}

impl Place {
    /// The client as a key: no client has an empty identifier.
    pub(crate) fn key(&self) -> &str {
        self.client.as_deref().unwrap_or_default()
    }

    /// As read back from such a key.
    pub(crate) fn of(subject: Subject, key: String) -> Self {
        Self {
            subject,
            client: Some(key).filter(|key| !key.is_empty()),
        }
    }
}

/// A wish to change one link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub place: Place,
    /// How.
    pub edit: Edit,
}

/// What shall be different in a link. What is `None` stays as it is, what is empty goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// The name of the account.
    pub username: Option<String>,
    /// Its address.
    pub email: Option<String>,
    /// Whether the address is vouched for. Another address is not, unless this says so.
    pub email_verified: Option<bool>,
    /// Free attributes; those that are not named stay. A list may be empty and stay.
    pub attributes: BTreeMap<String, Attribute>,
}

impl Edit {
    /// What `link` becomes; `None` when nothing is left of it.
    #[must_use]
    pub fn applied_to(&self, link: Option<&Link>) -> Option<Link> {
        let mut link = link.cloned().unwrap_or_default();
        let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        if let Some(username) = &self.username {
            link.username = filled(username);
        }
        if let Some(email) = &self.email
            && link.email.as_ref() != Some(email)
        {
            link.email = filled(email);
            link.email_verified = false;
        }
        if let Some(verified) = self.email_verified {
            link.email_verified = verified;
        }
        link.email_verified &= link.email.is_some();
        for (name, value) in &self.attributes {
            if *value == Attribute::One(String::new()) {
                link.attributes.remove(name);
            } else {
                link.attributes.insert(name.clone(), value.clone());
            }
        }
        Some(link).filter(|link| *link != Link::default())
    }
}

/// How a wish to join accounts ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Joined {
    /// All changes are made. Says what they were.
    Done(Tally),
    /// Nothing was changed, as these are other people's.
    Taken(Vec<TakenElsewhere>),
}

/// What became of changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Links that were not there before.
    pub added: usize,
    /// Links that are another now, or gone.
    pub changed: usize,
    /// Links that were like this already.
    pub same: usize,
}

impl Tally {
    /// Counts a link by what it was and what it is.
    pub(crate) fn count(&mut self, was: Option<&Link>, is: Option<&Link>) {
        match (was, is) {
            _ if was == is => self.same += 1,
            (None, _) => self.added += 1,
            _ => self.changed += 1,
        }
    }
}

/// What one change wanted and somebody else has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenElsewhere {
    /// Which of the changes.
    pub change: usize,
    /// What.
    pub what: Unique,
    /// Whose it is.
    pub holder: Place,
}

/// What is one person's in a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unique {
    /// The name of the account.
    Username,
    /// Its address.
    Email,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_change_does_not_name_stays() {
        let link: Link = serde_json::from_str(
            r#"{"username":"chentao","email":"c@w.cn","email_verified":true,"attributes":{"a":"1","b":["x"]}}"#,
        )
        .unwrap();
        assert_eq!(Edit::default().applied_to(Some(&link)), Some(link.clone()));
        let asked = Edit {
            username: Some("ct".to_owned()),
            email: Some("c@w.cn".to_owned()),
            attributes: [("a".to_owned(), Attribute::One(String::new()))].into(),
            ..Edit::default()
        };
        let changed = asked.applied_to(Some(&link)).unwrap();
        assert_eq!(changed.username.as_deref(), Some("ct"));
        assert!(changed.email_verified, "the address is the same");
        assert_eq!(changed.attributes.keys().collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn another_address_is_not_vouched_for_by_what_was_said_of_the_first() {
        let link: Link =
            serde_json::from_str(r#"{"email":"c@w.cn","email_verified":true}"#).unwrap();
        let mut asked = Edit {
            email: Some("d@w.cn".to_owned()),
            ..Edit::default()
        };
        assert!(!asked.applied_to(Some(&link)).unwrap().email_verified);
        asked.email = Some(String::new());
        assert_eq!(asked.applied_to(Some(&link)), None, "nothing is left");
        asked.email_verified = Some(true);
        assert_eq!(asked.applied_to(Some(&link)), None, "there is no address");
    }
}
