//! Use cases, one in each file, without HTTP.
//!
//! Each returns an outcome or an error for its audience. [`crate::http`] turns these into statuses,
//! pages and cookies.

pub mod access;
pub mod access_tokens;
pub mod accounts;
pub mod authorization;
pub mod backchannel_logout;
pub mod client_sign_in;
pub mod error;
pub mod forgetting;
pub mod introspection;
pub mod logout;
pub mod preview;
pub mod revocation;
pub mod session_ending;
pub mod sign_in;
pub mod ticket_verification;
pub mod tokens;
pub mod userinfo;
