//! Changes to links: the accounts that people have in clients.

use std::collections::BTreeMap;

use panda_oidc_sdk::Subject;

use crate::people::{Attribute, Link};

/// Identifies a link: the person, and the client. Without a client the link is for all clients.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkKey {
    /// The person who has the account.
    pub subject: Subject,
    /// The client's identifier; `None` means all clients.
    pub client: Option<String>,
}

impl LinkKey {
    /// The client as a column of the store: empty for all clients, since no client has an empty identifier.
    pub(crate) fn client_column(&self) -> &str {
        self.client.as_deref().unwrap_or_default()
    }

    /// Reads a key back from the column that [`LinkKey::client_column`] fills.
    pub(crate) fn of(subject: Subject, client: String) -> Self {
        Self {
            subject,
            client: Some(client).filter(|id| !id.is_empty()),
        }
    }
}

/// A requested change to one link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkChange {
    /// The link to change.
    pub link_key: LinkKey,
    /// What to change in it.
    pub edit: Edit,
}

/// New values for a link. A `None` leaves the value unchanged; an empty text removes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// The username of the account.
    pub username: Option<String>,
    /// The e-mail address of the account.
    pub email: Option<String>,
    /// Whether the address is verified. A changed address is unverified unless this says otherwise.
    pub email_verified: Option<bool>,
    /// Free attributes to set. Attributes that are not named stay unchanged. An empty list is a value:
    /// it does not remove the attribute.
    pub attributes: BTreeMap<String, Attribute>,
}

impl Edit {
    /// `link` with this edit applied; `None` when the result holds no data.
    #[must_use]
    pub fn applied_to(&self, link: Option<&Link>) -> Option<Link> {
        let mut link = link.cloned().unwrap_or_default();
        let non_empty = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        if let Some(username) = &self.username {
            link.username = non_empty(username);
        }
        if let Some(email) = &self.email
            && link.email.as_ref() != Some(email)
        {
            link.email = non_empty(email);
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

/// The outcome of applying changes to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApplyOutcome {
    /// All changes were made; counts them.
    Done(Tally),
    /// Nothing was changed, because these usernames or addresses belong to other people.
    Taken(Vec<LinkConflict>),
}

/// How many links were added, changed and left as they were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Links that did not exist before.
    pub added: usize,
    /// Links that were changed or removed.
    pub changed: usize,
    /// Links that already had these values.
    pub same: usize,
}

impl Tally {
    /// Counts one link by comparing it `before` and `after` the change.
    pub(crate) fn count(&mut self, before: Option<&Link>, after: Option<&Link>) {
        match (before, after) {
            _ if before == after => self.same += 1,
            (None, _) => self.added += 1,
            _ => self.changed += 1,
        }
    }
}

/// A conflict: a change requests a username or address that another person has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkConflict {
    /// The index of the change.
    pub change: usize,
    /// Which value conflicts.
    pub what: UniqueField,
    /// The link that already has the value.
    pub holder: LinkKey,
}

/// A value that must be unique within a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UniqueField {
    /// The username of the account.
    Username,
    /// The e-mail address of the account.
    Email,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_keeps_what_it_does_not_name() {
        let link: Link = serde_json::from_str(
            r#"{"username":"chentao","email":"c@w.cn","email_verified":true,"attributes":{"a":"1","b":["x"]}}"#,
        )
        .unwrap();
        assert_eq!(Edit::default().applied_to(Some(&link)), Some(link.clone()));
        let edit = Edit {
            username: Some("ct".to_owned()),
            email: Some("c@w.cn".to_owned()),
            attributes: [("a".to_owned(), Attribute::One(String::new()))].into(),
            ..Edit::default()
        };
        let changed = edit.applied_to(Some(&link)).unwrap();
        assert_eq!(changed.username.as_deref(), Some("ct"));
        assert!(changed.email_verified, "the address is the same");
        assert_eq!(changed.attributes.keys().collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn a_changed_address_is_unverified() {
        let link: Link =
            serde_json::from_str(r#"{"email":"c@w.cn","email_verified":true}"#).unwrap();
        let mut edit = Edit {
            email: Some("d@w.cn".to_owned()),
            ..Edit::default()
        };
        assert!(!edit.applied_to(Some(&link)).unwrap().email_verified);
        edit.email = Some(String::new());
        assert_eq!(edit.applied_to(Some(&link)), None, "nothing is left");
        edit.email_verified = Some(true);
        assert_eq!(edit.applied_to(Some(&link)), None, "there is no address");
    }
}
