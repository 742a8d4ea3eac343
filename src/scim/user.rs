//! People as SCIM users (RFC 7643 §4.1).

use std::cell::OnceCell;

use chrono::{DateTime, SecondsFormat, SubsecRound as _, Utc};
use serde_json::{Map, Value as Json, json};

use super::base::BaseUrl;
use super::filter::{Attribute, Kind, Searchable, Value};
use super::page::etag;
use crate::directory::Presence;
use crate::oauth::phone::e164;
use crate::people::{Groups, Membership, name};
use crate::scim::UserRow;

/// A person as a SCIM user.
///
/// A person who has left is not active and is in no group.
pub struct User<'a> {
    entry: &'a UserRow,
    groups: &'a Groups,
    membership: OnceCell<Membership>,
}

/// The attributes that users can be filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserAttribute {
    /// `id`
    Id,
    /// `userName`
    UserName,
    /// `externalId`
    ExternalId,
    /// `displayName`, which is also `name.formatted`.
    DisplayName,
    /// `name.givenName`
    GivenName,
    /// `name.familyName`
    FamilyName,
    /// `active`
    Active,
    /// `emails.value`
    Email,
    /// `phoneNumbers.value`
    Phone,
    /// `groups.value`
    Group,
    /// `roles.value`
    Role,
    /// `meta.lastModified`
    LastModified,
}

impl Attribute for UserAttribute {
    const SCHEMA: &'static str = "urn:ietf:params:scim:schemas:core:2.0:User";

    const NAMED: &'static [(&'static str, Self)] = &[
        ("id", Self::Id),
        ("userName", Self::UserName),
        ("externalId", Self::ExternalId),
        ("displayName", Self::DisplayName),
        ("name.formatted", Self::DisplayName),
        ("name.givenName", Self::GivenName),
        ("name.familyName", Self::FamilyName),
        ("active", Self::Active),
        ("emails.value", Self::Email),
        ("emails", Self::Email),
        ("phoneNumbers.value", Self::Phone),
        ("phoneNumbers", Self::Phone),
        ("groups.value", Self::Group),
        ("groups", Self::Group),
        ("roles.value", Self::Role),
        ("roles", Self::Role),
        ("meta.lastModified", Self::LastModified),
    ];

    fn kind(self) -> Kind {
        match self {
            Self::Id | Self::UserName | Self::ExternalId | Self::Group | Self::Role => Kind::Exact,
            Self::Active => Kind::Boolean,
            Self::LastModified => Kind::Time,
            _ => Kind::Folded,
        }
    }
}

impl<'a> User<'a> {
    /// The user of `entry`; their groups and roles come from `groups`.
    #[must_use]
    pub fn new(entry: &'a UserRow, groups: &'a Groups) -> Self {
        Self {
            entry,
            groups,
            membership: OnceCell::new(),
        }
    }

    /// Their groups, if something has asked for them.
    #[must_use]
    pub fn evaluated_membership(&self) -> Option<&Membership> {
        self.membership.get()
    }

    /// The portal's ID, which is both `id` and `userName`.
    #[must_use]
    pub fn id(&self) -> &'a str {
        self.entry.person.user.subject().as_str()
    }

    /// `displayName`.
    #[must_use]
    pub fn name(&self) -> Option<&'a str> {
        self.entry.person.user.identity.name.as_deref()
    }

    /// Whether the directory allows them to sign in.
    #[must_use]
    pub fn active(&self) -> bool {
        self.entry.person.presence.may_sign_in()
    }

    /// The groups and roles of an active user; none for others.
    pub fn membership(&self) -> &Membership {
        self.membership.get_or_init(|| {
            if self.active() {
                let user = &self.entry.person.user;
                self.groups.membership_of(user, self.entry.link.as_ref())
            } else {
                Membership::default()
            }
        })
    }

    fn username(&self) -> Option<&'a str> {
        self.entry.link.as_ref()?.username.as_deref()
    }

    fn email(&self) -> Option<&'a str> {
        self.entry.link.as_ref()?.email.as_deref()
    }

    /// The number in E.164 if it can be converted, else as the portal has it.
    fn phone(&self) -> Option<String> {
        let stored = self.entry.person.user.identity.phone.as_deref()?;
        let stored = stored.trim();
        (!stored.is_empty()).then(|| e164(stored).unwrap_or_else(|| stored.to_owned()))
    }

    /// `meta.lastModified`, in the precision in which clients see it.
    fn last_modified(&self) -> DateTime<Utc> {
        let updated = self.entry.person.user.updated_at;
        let modified = match self.entry.person.presence {
            Presence::Left(at) => updated.max(at),
            _ => updated,
        };
        modified.trunc_subsecs(3)
    }

    /// The whole resource.
    #[must_use]
    pub fn resource(&self, base: &BaseUrl) -> Json {
        let mut user = Map::new();
        let mut set = |name: &str, value: Json| user.insert(name.to_owned(), value);
        set("schemas", json!([UserAttribute::SCHEMA]));
        set("id", json!(self.id()));
        if let Some(username) = self.username() {
            set("externalId", json!(username));
        }
        set("userName", json!(self.id()));
        if let Some(formatted) = self.name() {
            set("displayName", json!(formatted));
            set(
                "name",
                match name::split(formatted) {
                    Some(parts) => json!({
                        "formatted": formatted,
                        "familyName": parts.family,
                        "givenName": parts.given,
                    }),
                    None => json!({ "formatted": formatted }),
                },
            );
        }
        set("active", json!(self.active()));
        if let Some(email) = self.email() {
            set("emails", json!([{ "value": email, "primary": true }]));
        }
        if let Some(phone) = self.phone() {
            set("phoneNumbers", json!([{ "value": phone, "primary": true }]));
        }
        let Membership { groups, roles, .. } = self.membership();
        if !groups.is_empty() {
            let groups = groups.iter().map(|group| {
                let mut value = json!({ "value": group, "display": group });
                if self.groups.is_known(group) {
                    value["$ref"] = json!(base.group(group));
                }
                value
            });
            set("groups", groups.collect());
        }
        if !roles.is_empty() {
            let roles = roles.iter().map(|role| json!({ "value": role }));
            set("roles", roles.collect());
        }
        let modified = self
            .last_modified()
            .to_rfc3339_opts(SecondsFormat::Millis, true);
        let mut meta = json!({
            "resourceType": "User",
            "lastModified": modified,
            "location": base.user(self.id()),
        });
        set("meta", meta.clone());
        meta["version"] = json!(etag(&user));
        user.insert("meta".to_owned(), meta);
        user.into()
    }
}

impl Searchable for User<'_> {
    type Attribute = UserAttribute;

    fn any(&self, attribute: UserAttribute, holds: &mut dyn FnMut(&Value<'_>) -> bool) -> bool {
        let parts = || name::split(self.name()?);
        let text = match attribute {
            UserAttribute::LastModified => return holds(&Value::Time(self.last_modified())),
            UserAttribute::Active => return holds(&Value::Boolean(self.active())),
            UserAttribute::Group => return any_of(&self.membership().groups, holds),
            UserAttribute::Role => return any_of(&self.membership().roles, holds),
            UserAttribute::Phone => {
                return self
                    .phone()
                    .is_some_and(|phone| holds(&Value::Text(phone.into())));
            }
            UserAttribute::Id | UserAttribute::UserName => Some(self.id()),
            UserAttribute::ExternalId => self.username(),
            UserAttribute::DisplayName => self.name(),
            UserAttribute::GivenName => parts().map(|parts| parts.given),
            UserAttribute::FamilyName => parts().map(|parts| parts.family),
            UserAttribute::Email => self.email(),
        };
        text.is_some_and(|text| holds(&Value::Text(text.into())))
    }
}

/// Whether `holds` is true for one of `texts`.
pub(super) fn any_of(texts: &[String], holds: &mut dyn FnMut(&Value<'_>) -> bool) -> bool {
    texts
        .iter()
        .any(|text| holds(&Value::Text(text.as_str().into())))
}

#[cfg(test)]
mod tests;
