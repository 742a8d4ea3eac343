//! The synchronization of the portal's list of users, with the built program: a user who leaves loses
//! all access, and no fault of the portal locks anybody out.

#![cfg(unix)]
#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test that cannot continue has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod faults;
mod fixture;
mod kill;
mod leaver;
mod list;
mod privacy;
