//! An OpenID Connect provider for people who log in through a portal that knows only tickets.
//!
//! [`oauth`] and [`login`] decide, [`store`] remembers, `http` asks and answers.

pub mod handle;
pub mod login;
pub mod oauth;
pub mod store;
