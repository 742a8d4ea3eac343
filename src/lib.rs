//! An OpenID Connect provider for users who log in through a portal that issues only tickets.
//!
//! [`oauth`] and [`login`] hold the protocol rules, and [`service`] the use cases. [`http`] serves
//! the endpoints and [`jobs`] the background work. [`store`] persists state, [`keys`] signs and
//! verifies tokens, [`limits`] limits request rates. [`people`] holds user profiles beyond the
//! login, and [`scim`] publishes users to other systems. [`config`] reads the configuration, and
//! [`app`] holds the state that requests share. The portal itself is behind a plugin.

pub mod admin;
pub mod app;
pub mod backchannel;
pub mod config;
pub mod crypto;
mod csv_text;
pub mod directory;
pub mod error_chain;
pub mod http;
pub mod jobs;
pub mod keys;
pub mod limits;
pub mod links;
pub mod login;
pub mod oauth;
mod past;
pub mod people;
pub mod plugins;
mod private_dir;
pub mod problem;
pub mod scim;
pub mod service;
pub mod session;
pub mod store;
