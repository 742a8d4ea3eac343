//! What goes wrong around the built program: it is killed, its portal hangs or lies, its disk is full,
//! its operator slips. What it answered before still holds, and what it says is honest.
//!
//! One file a theme. Nothing here sleeps for a verdict: conditions are waited for, with a bound.

#![cfg(unix)]
#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod birth;
mod config;
mod database;
mod full;
mod groups;
mod kill;
mod liar;
mod master_key;
mod outage;
mod page;
mod portal;
mod refusal;
mod stop;
mod tools;
