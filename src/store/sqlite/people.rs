//! People in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use panda_oidc_sdk::Subject;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::column::{USER_COLUMNS, millis};
use super::history::history_entry;
use super::{SqliteStore, column, sessions};
use crate::directory::{HistoryEntry, Person, Presence};
use crate::session::{EndedSession, LogoutNotice, SessionId};
use crate::store::{People, StoreError};

/// The columns of a user `u` that [`person`] reads.
macro_rules! person_columns {
    () => {
        concat!(
            $crate::store::sqlite::column::user_columns!(),
            ", u.listed_at, u.absent_since, u.left_at"
        )
    };
}
pub(super) use person_columns;

/// The number of columns in `person_columns!`.
pub(super) const PERSON_COLUMNS: usize = USER_COLUMNS + 3;

#[async_trait]
impl People for SqliteStore {
    async fn person(&self, subject: &Subject) -> Result<Option<Person>, StoreError> {
        self.read("find a person", |sql| {
            sql.prepare_cached(concat!(
                "SELECT ",
                person_columns!(),
                " FROM users u WHERE u.subject = ?1"
            ))?
            .query_row([subject.as_str()], person)
            .optional()
        })
    }

    async fn people(&self, after: Option<&Subject>, limit: u32) -> Result<Vec<Person>, StoreError> {
        self.read("list people", |sql| {
            // No subject is empty, so all of them come after "".
            let after = after.map_or("", Subject::as_str);
            sql.prepare_cached(concat!(
                "SELECT ",
                person_columns!(),
                " FROM users u WHERE u.subject > ?1 ORDER BY u.subject LIMIT ?2"
            ))?
            .query_map(params![after, limit], person)?
            .collect()
        })
    }

    async fn history(&self, subject: &Subject) -> Result<Vec<HistoryEntry>, StoreError> {
        self.read("read a person's history", |sql| {
            sql.prepare_cached(
                "SELECT at, event FROM people_history WHERE subject = ?1 ORDER BY seq",
            )?
            .query_map([subject.as_str()], history_entry)?
            .collect()
        })
    }

    async fn forget(
        &self,
        subject: &Subject,
        notice: &LogoutNotice,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<EndedSession>>, StoreError> {
        let (subject, notice) = (subject.clone(), notice.clone());
        self.write("forget a person", move |sql| {
            let has_user = sql
                .prepare_cached("SELECT 1 FROM users WHERE subject = ?1")?
                .exists([subject.as_str()])?;
            let has_link = sql
                .prepare_cached("SELECT 1 FROM links WHERE subject = ?1")?
                .exists([subject.as_str()])?;
            let has_pseudonym = sql
                .prepare_cached("SELECT 1 FROM audit_people WHERE subject = ?1")?
                .exists([subject.as_str()])?;
            if !has_user && !has_link && !has_pseudonym {
                return Ok(None);
            }
            let ended = end_all(sql, subject.as_str(), &notice)?;
            forget(sql, subject.as_str(), now)?;
            Ok(Some(ended))
        })
        .await
    }

    async fn forget_leavers(
        &self,
        before: DateTime<Utc>,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        // Usually there are none. The check saves a commit.
        let due = self.read("look for leavers to forget", |sql| {
            leavers(sql, before, 1).map(|due| !due.is_empty())
        })?;
        if !due {
            return Ok(0);
        }
        self.write("forget leavers", move |sql| {
            let due = leavers(sql, before, limit)?;
            due.iter()
                .try_for_each(|subject| forget(sql, subject, now))?;
            Ok(due.len())
        })
        .await
    }
}

/// Reads a person from `person_columns!`, which begin at the first column.
pub(super) fn person(row: &Row<'_>) -> rusqlite::Result<Person> {
    const FIRST: usize = USER_COLUMNS;
    let time = |column| match row.get::<_, Option<i64>>(column)? {
        Some(_) => column::time(row, column).map(Some),
        None => Ok(None),
    };
    let presence = Presence::of(time(FIRST)?, time(FIRST + 1)?, time(FIRST + 2)?);
    Ok(Person {
        user: column::user(row, 0)?,
        presence,
    })
}

/// Ends all sessions of a person.
pub(super) fn end_all(
    sql: &Connection,
    subject: &str,
    notice: &LogoutNotice,
) -> rusqlite::Result<Vec<EndedSession>> {
    let sids: Vec<SessionId> = sql
        .prepare_cached("SELECT sid FROM sessions WHERE subject = ?1")?
        .query_map([subject], |row| {
            row.get(0).map(|sid: String| SessionId::from(sid))
        })?
        .collect::<Result<_, _>>()?;
    let mut ended = Vec::new();
    for sid in sids {
        ended.extend(sessions::end(sql, &sid, notice)?);
    }
    Ok(ended)
}

fn leavers(sql: &Connection, before: DateTime<Utc>, limit: u32) -> rusqlite::Result<Vec<String>> {
    sql.prepare_cached(
        "SELECT subject FROM users
          WHERE left_at IS NOT NULL AND forgotten_at IS NULL AND left_at < ?1
          ORDER BY left_at LIMIT ?2",
    )?
    .query_map(params![millis(before), limit], |row| row.get(0))?
    .collect()
}

/// Removes the personal data of a person. A leaver remains in the table as one who left.
fn forget(sql: &Connection, subject: &str, now: DateTime<Utc>) -> rusqlite::Result<()> {
    sql.prepare_cached("DELETE FROM people_history WHERE subject = ?1")?
        .execute([subject])?;
    sql.prepare_cached("DELETE FROM links WHERE subject = ?1")?
        .execute([subject])?;
    sql.prepare_cached("DELETE FROM audit_people WHERE subject = ?1")?
        .execute([subject])?;
    sql.prepare_cached("DELETE FROM directory_changes WHERE subject = ?1 AND change = 'listed'")?
        .execute([subject])?;
    let leavers = sql
        .prepare_cached(
            "UPDATE users SET name = NULL, phone = NULL, forgotten_at = ?2
              WHERE subject = ?1 AND left_at IS NOT NULL",
        )?
        .execute(params![subject, millis(now)])?;
    if leavers == 0 {
        sql.prepare_cached("DELETE FROM users WHERE subject = ?1")?
            .execute([subject])?;
    }
    Ok(())
}
