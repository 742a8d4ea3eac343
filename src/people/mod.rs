//! What is known about a user beyond the login: the accounts at clients, the groups, and the rules that
//! use both.
//!
//! Everything here is computed from its arguments. [`crate::store`] keeps the data, and
//! [`crate::oauth::claims`] decides what a client receives.

mod access;
mod claim_value;
mod condition;
mod contact;
mod display_name;
mod expression;
mod groups;
pub mod groups_file;
mod input;
mod link;
mod mentions;
pub mod name;
mod profile;
mod rule;
mod template;
mod unmatched;
mod user_id;

pub use self::access::{AccessRules, Denied, UserSet};
pub use self::claim_value::ClaimValue;
pub use self::condition::Condition;
pub use self::contact::Contact;
pub use self::display_name::display_name;
pub use self::expression::TemplateError;
pub use self::groups::{DescribedMember, Group, GroupFailure, Groups, GroupsFile, Membership};
pub(crate) use self::input::user_ids;
pub use self::link::{Attribute, Link};
pub use self::mentions::Mentions;
pub use self::profile::Profile;
pub use self::rule::{ClaimRule, RuleFailure};
pub use self::template::Template;
pub use self::unmatched::{KnownNames, NameKind, Place, Unmatched, unmatched};
pub use self::user_id::{UnreadableId, parse_user_id};
