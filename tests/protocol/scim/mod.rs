//! `/scim/v2` on the admin listener: RFC 7643 and RFC 7644.

mod groups;
mod client;
mod tokens;
mod users;
