//! What the provider says to clients and browsers, by endpoint and by specification.

#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod road;
