//! People, by the built program's commands: whom the portal knows, and the accounts they have.
//!
//! One file a command. What is asserted is what an operator sees: output, exit code, and what a
//! later command finds.

#![cfg(unix)]
#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod links;
mod tools;
mod unlinked;
