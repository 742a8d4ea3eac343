//! The rules of sign-in and sign-out in a browser. They are pure, like those of [`crate::oauth`]: no
//! I/O and no clock.

pub mod account_switch;
pub mod browser;
pub mod failed_launch;
pub mod logout_confirmation;
pub mod onward_page;
pub mod pending_request;
pub mod policy;
pub mod recent_launch;
pub mod redirect_loop;
pub mod referer;
pub mod sign_in;
pub mod ticket;
pub mod ticket_decision;
pub mod ticket_url;
pub mod verified_login;
