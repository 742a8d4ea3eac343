//! An OpenID Connect provider for people who log in through a portal that knows only tickets.
//!
//! [`oauth`] and [`login`] decide, [`store`] remembers, [`keys`] sign, [`http`] asks and answers,
//! [`limits`] count; [`people`] says what is known of somebody beyond the login; [`config`] says how, and [`app`] holds what they share. The portal is a plugin's
//! business. [`scim`] shows other systems who is there.

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
pub mod people;
pub mod plugins;
mod private_dir;
pub mod problem;
pub mod scim;
pub mod service;
pub mod session;
pub mod store;
