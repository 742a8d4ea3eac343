//! The provider over HTTP, against the simulated portal.

#![expect(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

mod bench;
mod connection;
mod contract;
mod directory;
mod entrance;
mod faults;
mod login;
mod menu;
mod secrecy;
