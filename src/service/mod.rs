//! Use cases: one a file, from what a caller brought to what it is answered, without HTTP.
//!
//! Each returns an outcome or an error of its audience; statuses, pages and cookies are the business of
//! [`crate::http`].

pub mod access;
pub mod access_tokens;
pub mod authorization;
pub mod backchannel_logout;
pub mod error;
pub mod introspection;
pub mod logout;
pub mod revocation;
pub mod sign_in;
pub mod tokens;
pub mod userinfo;
