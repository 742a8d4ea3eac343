//! The history of people, in SQL.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, params};

use super::column::{self, invalid_column, millis};
use crate::directory::{Event, HistoryEntry};

/// Reads a history entry: its time and its event.
pub(super) fn history_entry(row: &Row<'_>) -> rusqlite::Result<HistoryEntry> {
    let event = serde_json::from_str(row.get_ref(1)?.as_str()?);
    Ok(HistoryEntry {
        at: column::time(row, 0)?,
        event: event.map_err(|error| invalid_column(1, error))?,
    })
}

/// Appends an event to the history of a person.
pub(super) fn append(
    sql: &Connection,
    subject: &str,
    event: &Event,
    at: DateTime<Utc>,
) -> rusqlite::Result<()> {
    let event = serde_json::to_string(event)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    sql.prepare_cached(
        "INSERT INTO people_history (subject, seq, at, event)
         SELECT ?1, coalesce(max(seq), 0) + 1, ?2, ?3 FROM people_history WHERE subject = ?1",
    )?
    .execute(params![subject, millis(at), event])
    .map(drop)
}

/// Whether the person has left, according to the directory.
pub(super) fn has_left(sql: &Connection, subject: &str) -> rusqlite::Result<bool> {
    sql.prepare_cached("SELECT 1 FROM users WHERE subject = ?1 AND left_at IS NOT NULL")?
        .exists([subject])
}

/// Whether the history of the person records that the session `sid` ended because they left.
pub(super) fn ended_by_leaving(
    sql: &Connection,
    subject: &str,
    sid: &str,
) -> rusqlite::Result<bool> {
    // A `sid` is 43 random characters, so a JSON string with it can only be the `sid`.
    sql.prepare_cached("SELECT 1 FROM people_history WHERE subject = ?1 AND instr(event, ?2) > 0")?
        .exists([subject, &format!("\"{sid}\"")])
}
