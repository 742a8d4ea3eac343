//! The listing of people, in SQL.

use async_trait::async_trait;
use panda_oidc_sdk::Subject;
use rusqlite::{OptionalExtension as _, Row, params};

use super::links::link_columns;
use super::people::{PERSON_COLUMNS, person, person_columns};
use super::{SqliteStore, column, links};
use crate::scim::UserRow;
use crate::store::{StoreError, UserListing};

/// The columns that [`read_row`] reads, and their tables.
macro_rules! select_rows {
    () => {
        concat!(
            "SELECT ",
            person_columns!(),
            ", ",
            link_columns!("l"),
            " FROM users u LEFT JOIN links l ON l.subject = u.subject AND l.client_id = ''"
        )
    };
}

#[async_trait]
impl UserListing for SqliteStore {
    async fn user_row(&self, subject: &Subject) -> Result<Option<UserRow>, StoreError> {
        self.read("find a person's entry", |sql| {
            sql.prepare_cached(concat!(select_rows!(), " WHERE u.subject = ?1"))?
                .query_row([subject.as_str()], read_row)
                .optional()
        })
    }

    async fn user_rows(
        &self,
        after: Option<&Subject>,
        limit: u32,
    ) -> Result<Vec<UserRow>, StoreError> {
        self.read("list people's entries", |sql| {
            sql.prepare_cached(concat!(
                select_rows!(),
                " WHERE u.subject > ?1 ORDER BY u.subject LIMIT ?2"
            ))?
            .query_map(params![start(after), limit], read_row)?
            .collect()
        })
    }

    async fn user_count(&self) -> Result<u64, StoreError> {
        self.read("count people", |sql| {
            sql.prepare_cached("SELECT count(*) FROM users")?
                .query_row([], |row| row.get(0).map(i64::unsigned_abs))
        })
    }

    async fn seek(
        &self,
        after: Option<&Subject>,
        steps: u32,
    ) -> Result<Option<Subject>, StoreError> {
        let Some(offset) = steps.checked_sub(1) else {
            return Ok(None);
        };
        self.read("pass people by", |sql| {
            sql.prepare_cached(
                "SELECT subject FROM users WHERE subject > ?1 ORDER BY subject LIMIT 1 OFFSET ?2",
            )?
            .query_row(params![start(after), offset], |row| column::subject(row, 0))
            .optional()
        })
    }
}

/// The subject to start after. No subject is empty, so all of them come after "".
fn start(after: Option<&Subject>) -> &str {
    after.map_or("", Subject::as_str)
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<UserRow> {
    Ok(UserRow {
        person: person(row)?,
        link: links::link(row, PERSON_COLUMNS)?,
    })
}
