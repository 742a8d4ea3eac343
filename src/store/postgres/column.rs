//! Conversion between our types and columns.

use chrono::{DateTime, Utc};
use panda_oidc_sdk::{Identity, Subject};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::fault::Fault;
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
            $crate::store::postgres::column::user_columns!()
        )
    };
}
pub(super) use session_columns;

/// The condition under which a session `s` is live at `$2`.
macro_rules! session_is_live {
    () => {
        $crate::store::postgres::column::is_alive!("s.auth_time", "s.expires_at")
    };
}
pub(super) use session_is_live;

/// The condition under which what lives from one column to another is alive at `$2`, as
/// [`crate::past::is_alive`].
macro_rules! is_alive {
    ($start:literal, $end:literal) => {
        concat!(" ", $end, " > $2 AND 2 * ", $start, " - ", $end, " <= $2 ")
    };
}
pub(super) use is_alive;

/// Reads a column.
pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, Fault> {
    row.try_get(column).map_err(Fault::from)
}

/// Reads a session and its user from `session_columns!`, which begin at column `first`.
pub(super) fn session(row: &Row, first: usize) -> Result<Session, Fault> {
    Ok(Session {
        sid: sid(row, first)?,
        auth_time: time(row, first + 1)?,
        expires_at: time(row, first + 2)?,
        ticket: digest(row, first + 3)?,
        user_agent: digest(row, first + 4)?,
        user: user(row, first + 5)?,
    })
}

/// Reads a user from `user_columns!`, which begin at column `first`.
pub(super) fn user(row: &Row, first: usize) -> Result<User, Fault> {
    Ok(User {
        identity: Identity {
            subject: subject(row, first)?,
            name: get(row, first + 1)?,
            phone: get(row, first + 2)?,
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
pub(super) fn time(row: &Row, column: usize) -> Result<DateTime<Utc>, Fault> {
    let millis = get(row, column)?;
    DateTime::from_timestamp_millis(millis).ok_or_else(|| Fault::row("a time is out of range"))
}

/// Reads a time that may be absent.
pub(super) fn optional_time(row: &Row, column: usize) -> Result<Option<DateTime<Utc>>, Fault> {
    match get::<Option<i64>>(row, column)? {
        Some(_) => time(row, column).map(Some),
        None => Ok(None),
    }
}

/// Reads a digest.
pub(super) fn digest<T: From<[u8; 32]>>(row: &Row, column: usize) -> Result<T, Fault> {
    let bytes: &[u8] = get(row, column)?;
    let bytes = <[u8; 32]>::try_from(bytes).map_err(Fault::row)?;
    Ok(bytes.into())
}

/// Reads a subject.
pub(super) fn subject(row: &Row, column: usize) -> Result<Subject, Fault> {
    Subject::new(get::<String>(row, column)?).map_err(Fault::row)
}

/// Reads a `sid`.
pub(super) fn sid(row: &Row, column: usize) -> Result<SessionId, Fault> {
    get::<String>(row, column).map(SessionId::from)
}

/// A number of rows as the database counts.
pub(super) fn limit(limit: u32) -> i64 {
    i64::from(limit)
}
