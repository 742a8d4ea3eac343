//! Follows the outside system's list of people: reads it page by page, compares it with who is known,
//! and carries out what that means for their sessions.
//!
//! What is found is put down in the store and holds as a whole or not at all. Whether somebody who is
//! missing may be taken for gone is decided in [`crate::directory`].

mod pages;
mod run;
mod schedule;

pub use self::pages::Progress;
pub use self::run::{SyncError, SyncOptions};
pub use self::schedule::{sync, work};
