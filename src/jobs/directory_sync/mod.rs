//! Synchronizes users with the directory, which is the outside system's list of people: reads it
//! page by page, compares it with the users in the store, and ends the sessions of users who have
//! left.
//!
//! A run stages its changes in the store, and either all of them take effect or none.
//! [`crate::directory`] decides whether a user who is missing from the list may count as having
//! left.

mod error;
mod lease;
mod pages;
mod schedule;
mod staging;
mod sync_run;

pub use self::error::SyncError;
pub use self::pages::Progress;
pub use self::schedule::{run, sync};
pub use self::sync_run::SyncOptions;
