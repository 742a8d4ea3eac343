//! Whose browser this is: launch, session, leaving. As pure as [`crate::oauth`].

pub mod account_switch;
pub mod launch;
pub mod logout_confirmation;
pub mod pending_request;
pub mod policy;
pub mod redirect_loop;
pub mod referer;
pub mod sign_in;
pub mod ticket;
