//! Joining accounts: a table of who has which account, from a spreadsheet's file to changes of
//! [`crate::store::Links`], and back.
//!
//! [`Sheet::read`] takes the file apart, [`find`] says whom each row means, [`plan`] makes changes of
//! it, or says everything that stands against it. All of it is pure: who is known is handed in.

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
pub use self::change::{Change, Edit, Joined, Place, TakenElsewhere, Tally, Unique};
pub use self::edit::{Wish, edit};
pub use self::export::{Export, Headings};
pub use self::matching::{Found, find, wanted};
pub use self::mistake::Mistake;
pub use self::plan::{Plan, Trust, plan, taken, taken_elsewhere};
pub use self::sheet::{Row, Sheet};
pub use self::wanted::{Wanted, folded};

/// The largest file, in bytes.
pub const MAX_BYTES: usize = 32 << 20;
/// The most rows: a table is joined in one step, and logins beside it wait that long.
pub const MAX_ROWS: usize = 100_000;
/// The most columns.
pub const MAX_COLUMNS: usize = 64;
/// The most characters in one cell.
pub const MAX_CELL: usize = 1024;
