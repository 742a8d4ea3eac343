//! Attacks against the real router.
//!
//! One file per theme. A prefix such as `n61_` or `f8_` in a test's name is a row of the tables in
//! `docs/security.md`, which describe the attack and what the provider does.

#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod access;
mod account_switch;
mod assertion;
mod authorization_flood;
mod client_keys;
mod clock;
mod closed_services;
mod code;
mod cors;
mod exchange;
mod foreign_tokens;
mod forgery;
mod limits;
mod logout;
mod neighbour;
mod portal;
mod races;
mod redirect;
mod refresh;
mod removed_config;
mod request;
mod request_bounds;
mod session;
mod shares;
mod stored_state;
mod ticket;
mod ticket_url;
mod token;
mod tools;
