//! SCIM 2.0 (RFC 7643, RFC 7644), read-only: people and groups as other systems pull them.
//!
//! Everything here is decided from what is handed in, as in [`crate::oauth`]: what a filter means,
//! what a person or a group looks like, which attributes are told. Who may ask, and where the people
//! come from, is the business of [`crate::http`].

mod base;
mod discovery;
mod error;
mod filter;
mod group;
mod page;
mod projection;
mod user;
mod user_row;

pub use self::base::Base;
pub use self::discovery::{RESOURCE_TYPES, SCHEMAS, resource_type, schema, service_provider};
pub use self::error::{ScimError, ScimType};
pub use self::filter::{Attribute, Filter, Kind, Searchable, Value};
pub use self::group::{Group, GroupAttribute, Member};
pub use self::page::{MAX_PAGE_SIZE, Page, list, version};
pub use self::projection::Projection;
pub use self::user::{User, UserAttribute};
pub use self::user_row::UserRow;

/// The media type of every body (RFC 7644 §3.1).
pub const MEDIA_TYPE: &str = "application/scim+json";

#[cfg(test)]
mod tests;
