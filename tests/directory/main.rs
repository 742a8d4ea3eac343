//! The portal's list of people, followed by the built program: who leaves is out of everything, and no
//! fault of the portal locks anybody out.

#![cfg(unix)]
#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod faults;
mod house;
mod kill;
mod leaver;
mod list;
mod privacy;
