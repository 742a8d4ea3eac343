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
mod assertion;
mod bounds;
mod client_keys;
mod code;
mod cors;
mod exchange;
mod flood;
mod forgery;
mod limits;
mod logout;
mod portal;
mod races;
mod redirect;
mod refresh;
mod request;
mod session;
mod smuggling;
mod switch;
mod ticket;
mod token;
mod tokens_of_others;
mod tools;
mod withdrawn;
