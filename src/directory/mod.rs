//! Follows the outside system's list of people: who is listed, who is not any more, and what that
//! means for their sessions.
//!
//! A `reader` goes through the list page by page (`reading`) and compares it with who is known
//! (`roster`). What it finds is put down in the store and holds as a whole or not at all; whether
//! somebody who is missing may be taken for gone is decided in `doubt`. Somebody has left once two
//! readings in a row did not list them.

mod person;
mod reconcile;
mod removal_guard;
mod report;

pub use self::person::{Change, Event, HistoryEntry, Person, Presence};
pub use self::reconcile::{KnownUsers, Seen};
pub use self::removal_guard::{Anomaly, Reading, RemovalLimit, check};
pub use self::report::{Blocked, Outcome, Report};

#[cfg(test)]
mod tests;
