//! The listing of people, in SQL.

use async_trait::async_trait;
use panda_oidc_sdk::Subject;
use tokio_postgres::Row;

use super::column::{self, get, limit};
use super::connection::params;
use super::fault::Fault;
use super::links::link_columns;
use super::people::{PERSON_COLUMNS, person, person_columns};
use super::{PostgresStore, links};
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
impl UserListing for PostgresStore {
    async fn user_row(&self, subject: &Subject) -> Result<Option<UserRow>, StoreError> {
        self.run("find a person's entry", |mut sql| async move {
            let row = sql
                .query_opt(
                    concat!(select_rows!(), " WHERE u.subject = $1"),
                    &params![subject.as_str()],
                )
                .await?;
            row.map(|row| read_row(&row)).transpose()
        })
        .await
    }

    async fn user_rows(
        &self,
        after: Option<&Subject>,
        most: u32,
    ) -> Result<Vec<UserRow>, StoreError> {
        self.run("list people's entries", |mut sql| async move {
            let rows = sql
                .query(
                    concat!(
                        select_rows!(),
                        " WHERE u.subject > $1 ORDER BY u.subject LIMIT $2"
                    ),
                    &params![start(after), limit(most)],
                )
                .await?;
            rows.iter().map(read_row).collect()
        })
        .await
    }

    async fn user_count(&self) -> Result<u64, StoreError> {
        self.run("count people", |mut sql| async move {
            let row = sql.query_opt("SELECT count(*) FROM users", &[]).await?;
            let count = row.map(|row| get::<i64>(&row, 0)).transpose()?;
            Ok(count.unwrap_or_default().unsigned_abs())
        })
        .await
    }

    async fn seek(
        &self,
        after: Option<&Subject>,
        steps: u32,
    ) -> Result<Option<Subject>, StoreError> {
        let Some(offset) = steps.checked_sub(1) else {
            return Ok(None);
        };
        self.run("pass people by", |mut sql| async move {
            let row = sql
                .query_opt(
                    "SELECT subject FROM users WHERE subject > $1 ORDER BY subject
                      LIMIT 1 OFFSET $2",
                    &params![start(after), limit(offset)],
                )
                .await?;
            row.map(|row| column::subject(&row, 0)).transpose()
        })
        .await
    }
}

/// The subject to start after. No subject is empty, so all of them come after "".
fn start(after: Option<&Subject>) -> &str {
    after.map_or("", Subject::as_str)
}

fn read_row(row: &Row) -> Result<UserRow, Fault> {
    Ok(UserRow {
        person: person(row)?,
        link: links::link(row, PERSON_COLUMNS)?,
    })
}
