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

mod addresses;
mod backup;
mod check;
mod config;
mod database;
mod disk_full;
mod end_sessions;
mod first_start;
mod groups;
mod keys;
mod kill;
mod log;
mod log_flood;
mod master_key;
mod open_files;
mod outage;
mod page;
mod paths;
mod portal;
mod refusal;
mod reload;
mod scripted_portal;
mod stop;
mod store;
mod tls;
mod token_url;
mod tools;
