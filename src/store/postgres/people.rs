//! People in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use panda_oidc_sdk::Subject;
use tokio_postgres::Row;

use super::column::{self, USER_COLUMNS, get, limit, millis, optional_time};
use super::connection::{Command, Parameter, params};
use super::fault::Fault;
use super::session_ends::{OF_USERS, SessionEnds};
use super::{PostgresStore, history};
use crate::directory::{HistoryEntry, Person, Presence};
use crate::session::{EndedSession, LogoutNotice};
use crate::store::{People, StoreError};

/// The columns of a user `u` that [`person`] reads.
macro_rules! person_columns {
    () => {
        concat!(
            $crate::store::postgres::column::user_columns!(),
            ", u.listed_at, u.absent_since, u.left_at"
        )
    };
}
pub(super) use person_columns;

/// The number of columns in `person_columns!`.
pub(super) const PERSON_COLUMNS: usize = USER_COLUMNS + 3;

#[async_trait]
impl People for PostgresStore {
    async fn person(&self, subject: &Subject) -> Result<Option<Person>, StoreError> {
        self.run("find a person", |mut sql| async move {
            let row = sql
                .query_opt(
                    concat!(
                        "SELECT ",
                        person_columns!(),
                        " FROM users u WHERE u.subject = $1"
                    ),
                    &params![subject.as_str()],
                )
                .await?;
            row.map(|row| person(&row)).transpose()
        })
        .await
    }

    async fn people(&self, after: Option<&Subject>, most: u32) -> Result<Vec<Person>, StoreError> {
        // No subject is empty, so all of them come after "".
        let after = after.map_or("", Subject::as_str);
        self.run("list people", |mut sql| async move {
            let rows = sql
                .query(
                    concat!(
                        "SELECT ",
                        person_columns!(),
                        " FROM users u WHERE u.subject > $1 ORDER BY u.subject LIMIT $2"
                    ),
                    &params![after, limit(most)],
                )
                .await?;
            rows.iter().map(person).collect()
        })
        .await
    }

    async fn history(&self, subject: &Subject) -> Result<Vec<HistoryEntry>, StoreError> {
        self.run("read a person's history", |mut sql| async move {
            let rows = sql
                .query(
                    "SELECT at, event FROM people_history WHERE subject = $1 ORDER BY seq",
                    &params![subject.as_str()],
                )
                .await?;
            rows.iter().map(history::entry).collect()
        })
        .await
    }

    async fn forget(
        &self,
        subject: &Subject,
        notice: &LogoutNotice,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<EndedSession>>, StoreError> {
        self.run("forget a person", |mut sql| async move {
            let one = params![subject.as_str()];
            let all = params![vec![subject.as_str()]];
            let found = sql
                .begin(&[
                    (history::LOCK, &one),
                    (
                        "SELECT 1 FROM links WHERE subject = $1
                          UNION ALL SELECT 1 FROM audit_people WHERE subject = $1 LIMIT 1",
                        &one,
                    ),
                    (OF_USERS.0, &all),
                    (OF_USERS.1, &all),
                ])
                .await?;
            if found[0].is_empty() && found[1].is_empty() {
                sql.rollback().await?;
                return Ok(None);
            }
            let ends = SessionEnds::new(&found[2], &found[3], notice)?;
            let ending = ends.values();
            let mut commands = ending.commands();
            let leaver = params![vec![subject.as_str()], millis(now)];
            commands.extend(forget(&all, &leaver));
            sql.commit(&commands).await?;
            Ok(Some(ends.ended))
        })
        .await
    }

    async fn forget_leavers(
        &self,
        before: DateTime<Utc>,
        most: u32,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        self.run("forget leavers", |mut sql| async move {
            let due = params![millis(before), limit(most)];
            let found = sql.begin(&[(LEAVERS, &due)]).await?;
            let subjects = found[0].iter().map(|row| get(row, 0));
            let subjects: Vec<String> = subjects.collect::<Result<_, _>>()?;
            let all = params![subjects];
            let leavers = params![subjects, millis(now)];
            sql.commit(&forget(&all, &leavers)).await?;
            Ok(subjects.len())
        })
        .await
    }
}

/// Reads a person from `person_columns!`, which begin at the first column.
pub(super) fn person(row: &Row) -> Result<Person, Fault> {
    const FIRST: usize = USER_COLUMNS;
    let presence = Presence::of(
        optional_time(row, FIRST)?,
        optional_time(row, FIRST + 1)?,
        optional_time(row, FIRST + 2)?,
    );
    Ok(Person {
        user: column::user(row, 0)?,
        presence,
    })
}

const LEAVERS: &str = "
    SELECT subject FROM users
     WHERE left_at IS NOT NULL AND forgotten_at IS NULL AND left_at < $1
     ORDER BY left_at LIMIT $2 FOR UPDATE SKIP LOCKED";

/// The statements that remove the personal data of people. A leaver remains in the table as one who left. The
/// parameters are the people, and with them the time.
fn forget<'a>(people: &'a [Parameter<'a>; 1], leavers: &'a [Parameter<'a>; 2]) -> [Command<'a>; 6] {
    [
        ("DELETE FROM people_history WHERE subject = ANY($1)", people),
        ("DELETE FROM links WHERE subject = ANY($1)", people),
        ("DELETE FROM audit_people WHERE subject = ANY($1)", people),
        (
            "DELETE FROM directory_changes WHERE subject = ANY($1) AND change = 'listed'",
            people,
        ),
        (
            "UPDATE users SET name = NULL, phone = NULL, forgotten_at = $2
              WHERE subject = ANY($1) AND left_at IS NOT NULL",
            leavers,
        ),
        (
            "DELETE FROM users WHERE subject = ANY($1) AND left_at IS NULL",
            people,
        ),
    ]
}
