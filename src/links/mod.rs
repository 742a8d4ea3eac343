//! Account links: which account each person has in a client. Turns a spreadsheet's file into changes
//! of [`crate::store::Links`], and links back into a file.
//!
//! [`Sheet::read`] parses the file, [`match_rows`] matches each row with a person, and [`plan()`] turns the
//! rows into changes or reports every mistake. All functions are pure: the caller passes the known
//! people in.

mod cell;
mod change;
mod edit;
mod export;
mod header;
mod matching;
mod mistake;
mod plan;
mod sheet;
mod wanted;

#[cfg(test)]
mod tests;

pub use self::cell::CellError;
pub use self::change::{ApplyOutcome, Edit, LinkChange, LinkConflict, LinkKey, Tally, UniqueField};
pub use self::edit::{EditInput, parse_edit};
pub use self::export::{Export, Headings};
pub use self::matching::{Disputed, RowMatch, match_rows, person_query};
pub use self::mistake::Mistake;
pub use self::plan::{Plan, Trust, Unaccepted, conflict_mistakes, describe_conflict, plan};
pub use self::sheet::{Row, Sheet};
pub use self::wanted::{PersonQuery, fold_case};

/// The largest file, in bytes.
pub const MAX_BYTES: usize = 32 << 20;
/// The most rows. A table is imported in one transaction, and logins wait until it ends.
pub const MAX_ROWS: usize = 100_000;
/// The most columns, except of an export.
pub const MAX_COLUMNS: usize = 64;
/// The most characters in one cell.
pub const MAX_CELL: usize = 1024;
