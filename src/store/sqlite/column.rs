//! Conversion between our types and columns.

use std::error::Error;

use chrono::{DateTime, Utc};
use panda_oidc_sdk::{Identity, Subject};
use rusqlite::Row;
use rusqlite::types::Type;

use crate::session::{Session, SessionId, User};

/// The columns of a user `u` that [`user`] reads.
macro_rules! user_columns {
    () => {
        "u.subject, u.name, u.phone, u.updated_at"
    };
}
pub(super) use user_columns;

/// The number of columns in `user_columns!`.
pub(super) const USER_COLUMNS: usize = 4;

/// The columns of a session `s` and its user `u` that [`session`] reads.
macro_rules! session_columns {
    () => {
        concat!(
            "s.sid, s.auth_time, s.expires_at, s.ticket, s.browser, ",
            $crate::store::sqlite::column::user_columns!()
        )
    };
}
pub(super) use session_columns;

/// The condition under which a session `s` is live at `?2`.
macro_rules! session_is_live {
    () => {
        $crate::store::sqlite::column::is_alive!("s.auth_time", "s.expires_at")
    };
}
pub(super) use session_is_live;

/// The condition under which what lives from one column to another is alive at `?2`, as
/// [`crate::past::is_alive`].
macro_rules! is_alive {
    ($start:literal, $end:literal) => {
        concat!(" ", $end, " > ?2 AND 2 * ", $start, " - ", $end, " <= ?2 ")
    };
}
pub(super) use is_alive;

/// Reads a session and its user from `session_columns!`, which begin at column `first`.
pub(super) fn session(row: &Row<'_>, first: usize) -> rusqlite::Result<Session> {
    Ok(Session {
        sid: SessionId::from(row.get::<_, String>(first)?),
        auth_time: time(row, first + 1)?,
        expires_at: time(row, first + 2)?,
        ticket: digest(row, first + 3)?,
        user_agent: digest(row, first + 4)?,
        user: user(row, first + 5)?,
    })
}

/// Reads a user from `user_columns!`, which begin at column `first`.
pub(super) fn user(row: &Row<'_>, first: usize) -> rusqlite::Result<User> {
    Ok(User {
        identity: Identity {
            subject: subject(row, first)?,
            name: row.get(first + 1)?,
            phone: row.get(first + 2)?,
        },
        updated_at: time(row, first + 3)?,
    })
}

/// A time as it is stored, in Unix milliseconds.
pub(super) fn millis(time: DateTime<Utc>) -> i64 {
    time.timestamp_millis()
}

/// `time` as it will be read back: a column stores whole milliseconds.
pub(super) fn stored(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis(time)).unwrap_or(time)
}

/// Reads a time.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<DateTime<Utc>> {
    let millis = row.get(column)?;
    DateTime::from_timestamp_millis(millis)
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(column, millis))
}

/// Reads a digest.
pub(super) fn digest<T: From<[u8; 32]>>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    row.get::<_, [u8; 32]>(column).map(T::from)
}

/// Reads a subject.
pub(super) fn subject(row: &Row<'_>, column: usize) -> rusqlite::Result<Subject> {
    Subject::new(row.get::<_, String>(column)?).map_err(|error| invalid_column(column, error))
}

/// The error for a text column whose content cannot be parsed.
pub(super) fn invalid_column(
    column: usize,
    cause: impl Into<Box<dyn Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, cause.into())
}
