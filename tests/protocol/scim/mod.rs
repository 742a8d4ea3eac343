//! `/scim/v2` on the admin listener: RFC 7643 and RFC 7644.

mod client;
mod groups;
mod lenient;
mod tokens;
mod users;
