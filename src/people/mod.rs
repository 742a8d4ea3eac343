//! What is known of a person beyond the login: the account each client has for them, the groups they
//! are in, and the rules that are written over both.
//!
//! Everything here is decided from what is handed in; where it is kept is the business of
//! [`crate::store`], what a client is told of it that of [`crate::oauth::claims`].

mod access;
mod contact;
mod display_name;
mod groups;
pub mod groups_file;
mod input;
mod link;
pub mod name;
mod profile;
mod rule;
mod template;

pub use self::access::{AccessRules, Denied, Who};
pub use self::contact::Contact;
pub use self::display_name::display_name;
pub use self::groups::{Group, Groups, GroupsFile, Membership};
pub(crate) use self::input::id_of;
pub use self::link::{Attribute, Link};
pub use self::profile::Profile;
pub use self::rule::Rule;
pub use self::template::{Condition, Filled, Template, TemplateError};
