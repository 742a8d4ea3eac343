//! The provider over HTTP, against the simulated portal.

mod bench;
mod contract;
mod directory;
mod entrance;
mod faults;
mod login;
mod menu;
mod secrecy;
