//! The commands of the built program that manage the accounts of users in clients.
//!
//! There is one file per command. The tests assert what an operator sees: output, exit code, and the
//! output of later commands.

#![cfg(unix)]
#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test that cannot continue has failed"
)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/guides.rs"]
mod guide_texts;

mod audit;
mod deny_unlinked;
mod forgotten;
mod guides;
mod links;
mod spreadsheets;
mod tools;
mod unmatched_names;
