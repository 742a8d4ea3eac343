//! Several processes of the built binary over one real PostgreSQL: what they share, and what happens when one of
//! them or the database dies. `.ci/postgresql.sh` and `.ci/faketime.sh` install what these tests need.

#![expect(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test that cannot continue has failed"
)]

mod copying;
mod failures;
mod fleet;
mod odd_input;
mod refusals;
mod rotation;
mod sharing;
#[path = "../support/mod.rs"]
mod support;
mod takeover;
