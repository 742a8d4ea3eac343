//! Faults around the built program: it is killed, its portal hangs or sends wrong answers, its disk is
//! full, or its configuration has a mistake. What it confirmed before stays valid, and its error
//! pages and messages are correct.
//!
//! There is one file per kind of fault. No test sleeps for a fixed time before it checks a result:
//! it waits for a condition, with a timeout.

#![cfg(unix)]
#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test that cannot continue has failed"
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
