//! SCIM 2.0 (RFC 7643, RFC 7644), read-only: other systems pull users and groups.
//!
//! Like [`crate::oauth`], this module is pure: it decides what a filter means, how a user or a group
//! is represented and which attributes are returned. [`crate::http`] authenticates the caller and
//! reads the people from the store.

mod base;
mod discovery;
mod error;
mod filter;
mod group;
mod page;
mod projection;
mod user;
mod user_row;

pub use self::base::BaseUrl;
pub use self::discovery::{RESOURCE_TYPES, SCHEMAS, resource_type, schema, service_provider};
pub use self::error::{ScimError, ScimType};
pub use self::filter::{Attribute, Filter, Kind, Searchable, Value};
pub use self::group::{Group, GroupAttribute, Member};
pub use self::page::{ListRequest, MAX_PAGE_SIZE, etag, list};
pub use self::projection::Projection;
pub use self::user::{User, UserAttribute};
pub use self::user_row::UserRow;

/// The media type of every body (RFC 7644 §3.1).
pub const MEDIA_TYPE: &str = "application/scim+json";

#[cfg(test)]
mod tests;
