//! The history of people, in SQL.

use tokio_postgres::Row;

use super::column::{self, get};
use super::fault::Fault;
use crate::directory::{Event, HistoryEntry};

/// Locks the user `$1`, so that entries of their history are numbered one after the other.
pub(super) const LOCK: &str = "SELECT 1 FROM users WHERE subject = $1 FOR UPDATE";

/// Appends an event to the history of `$1`, at `$2`, if the history says that the session with the quoted `sid`
/// `$4` ended because the person left. The event is `$3`.
pub(super) const APPEND_TO_LEAVING: &str = "
    INSERT INTO people_history (subject, seq, at, event)
    SELECT $1, coalesce((SELECT max(seq) FROM people_history WHERE subject = $1), 0) + 1, $2, $3
     WHERE EXISTS (SELECT 1 FROM people_history h
                    WHERE h.subject = $1 AND position($4 in h.event) > 0)";

/// An event as it is stored.
pub(super) fn text(event: &Event) -> Result<String, Fault> {
    serde_json::to_string(event).map_err(Fault::row)
}

/// Reads a history entry: its time and its event.
pub(super) fn entry(row: &Row) -> Result<HistoryEntry, Fault> {
    Ok(HistoryEntry {
        at: column::time(row, 0)?,
        event: serde_json::from_str(get(row, 1)?).map_err(Fault::row)?,
    })
}
