//! The rules for following the portal's list of users: who is listed, who is missing, and who has left.
//!
//! `reconcile` compares a reading of the list with the users that the store knows. `removal_guard`
//! decides whether missing users may be treated as gone. A user has left once two complete readings in
//! a row did not list them. [`crate::jobs`] fetches the pages, schedules the readings and stores each
//! result as a whole or not at all.

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
