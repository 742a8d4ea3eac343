//! What an attacker tries: the negative cases of the field notes, against the real router.
//!
//! One file a theme, each test named for the rows it covers; `docs/security.md` has the table.

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
