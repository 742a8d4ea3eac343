//! Readings of the directory in SQL. The lease is by the database's clock.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use panda_oidc_sdk::Identity;
use tokio_postgres::Row;

use super::column::{self, get, limit, millis, optional_time};
use super::connection::{Connection, params};
use super::fault::Fault;
use super::skew::{by_database_clock, clock};
use super::{PostgresStore, directory_changes};
use crate::crypto::identifiers::LeaseHolder;
use crate::directory::{Change, Report};
use crate::session::LogoutNotice;
use crate::store::{AppliedChanges, DirectoryLease, DirectoryReadings, StoreError};

/// Renews the lease of `$1` until `$2`, unless another process has taken it; `$3` is the caller's clock. `lease`
/// is empty when it was lost.
macro_rules! renewed {
    () => {
        concat!(
            "WITH lease AS (UPDATE directory SET leased_until = ",
            $crate::store::postgres::skew::by_database_clock!("$2", "$3"),
            " WHERE holder = $1 RETURNING accepted_at)"
        )
    };
}
#[async_trait]
impl DirectoryReadings for PostgresStore {
    async fn lease_directory(
        &self,
        lease: DirectoryLease,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.run("take the directory up", |mut sql| async move {
            let taken = sql
                .query_opt(
                    concat!(
                        "UPDATE directory SET holder = $1, leased_until = ",
                        by_database_clock!("$2", "$4"),
                        " WHERE holder IS NULL OR holder = $1 OR leased_until <= ",
                        by_database_clock!("$3", "$4"),
                        " RETURNING 1"
                    ),
                    &params![
                        lease.holder.as_bytes().as_slice(),
                        millis(lease.until),
                        millis(now),
                        clock(),
                    ],
                )
                .await?;
            Ok(taken.is_some())
        })
        .await
    }

    async fn release_directory(&self, holder: &LeaseHolder) -> Result<(), StoreError> {
        self.run("give the directory back", |mut sql| async move {
            sql.query(
                "UPDATE directory SET holder = NULL, leased_until = NULL WHERE holder = $1",
                &params![holder.as_bytes().as_slice()],
            )
            .await
            .map(drop)
        })
        .await
    }

    async fn stage(&self, lease: DirectoryLease, changes: Vec<Change>) -> Result<bool, StoreError> {
        let latest: HashMap<&str, &Change> = changes
            .iter()
            .map(|change| (change.subject().as_str(), change))
            .collect();
        let mut columns = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (subject, change) in latest {
            let (kind, name, phone) = columns_of(change);
            columns.0.push(subject);
            columns.1.push(kind);
            columns.2.push(name);
            columns.3.push(phone);
        }
        let (subjects, kinds, names, phones) = &columns;
        self.run("put down what a reading found", |mut sql| async move {
            let staged = sql
                .query_opt(
                    concat!(
                        renewed!(),
                        ", staged AS (
                             INSERT INTO directory_changes (subject, change, name, phone)
                             SELECT q.subject, q.change, q.name, q.phone
                               FROM lease CROSS JOIN unnest($4, $5, $6, $7)
                                    AS q (subject, change, name, phone)
                             ON CONFLICT (subject) DO UPDATE SET
                                 change = excluded.change, name = excluded.name,
                                 phone = excluded.phone)
                         SELECT 1 FROM lease"
                    ),
                    &params![
                        lease.holder.as_bytes().as_slice(),
                        millis(lease.until),
                        clock(),
                        *subjects,
                        *kinds,
                        *names,
                        *phones,
                    ],
                )
                .await?;
            Ok(staged.is_some())
        })
        .await
    }

    async fn discard(&self, lease: DirectoryLease, most: u32) -> Result<Option<usize>, StoreError> {
        self.run("throw a reading away", |mut sql| async move {
            let row = sql
                .query_opt(
                    concat!(
                        renewed!(),
                        ", gone AS (
                             DELETE FROM directory_changes
                              WHERE subject IN (SELECT subject FROM directory_changes LIMIT $4)
                                AND EXISTS (SELECT 1 FROM lease WHERE accepted_at IS NULL)
                             RETURNING 1)
                         SELECT (SELECT count(*) FROM gone) FROM lease"
                    ),
                    &params![
                        lease.holder.as_bytes().as_slice(),
                        millis(lease.until),
                        clock(),
                        limit(most),
                    ],
                )
                .await?;
            let count = row.map(|row| get::<i64>(&row, 0)).transpose()?;
            count
                .map(|count| usize::try_from(count).map_err(Fault::row))
                .transpose()
        })
        .await
    }

    async fn accept(&self, lease: DirectoryLease, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.run("accept a reading", |mut sql| async move {
            let accepted = sql
                .query_opt(
                    concat!(
                        "UPDATE directory SET accepted_at = $4, leased_until = ",
                        by_database_clock!("$2", "$3"),
                        " WHERE holder = $1 RETURNING 1"
                    ),
                    &params![
                        lease.holder.as_bytes().as_slice(),
                        millis(lease.until),
                        clock(),
                        millis(now),
                    ],
                )
                .await?;
            Ok(accepted.is_some())
        })
        .await
    }

    async fn apply_accepted(
        &self,
        lease: DirectoryLease,
        most: u32,
        notice: &LogoutNotice,
    ) -> Result<Option<AppliedChanges>, StoreError> {
        self.run("carry out what a reading found", |mut sql| async move {
            let renewal = params![
                lease.holder.as_bytes().as_slice(),
                millis(lease.until),
                clock(),
            ];
            let renew = concat!(renewed!(), " SELECT accepted_at FROM lease");
            let found = sql
                .begin(&[(renew, &renewal), (NEXT_CHANGES, &params![limit(most)])])
                .await?;
            let Some(row) = found[0].first() else {
                sql.rollback().await?;
                return Ok(None);
            };
            let Some(accepted_at) = optional_time(row, 0)? else {
                sql.commit(&[]).await?;
                return Ok(Some(AppliedChanges::default()));
            };
            let changes = found[1].iter().map(read_change);
            let changes: Vec<Change> = changes.collect::<Result<_, _>>()?;
            if changes.is_empty() {
                sql.commit(&[("UPDATE directory SET accepted_at = NULL", &[])])
                    .await?;
                return Ok(Some(AppliedChanges::default()));
            }
            let ended = directory_changes::apply(&mut sql, &changes, notice, accepted_at).await?;
            Ok(Some(AppliedChanges {
                changes: changes.len(),
                ended,
            }))
        })
        .await
    }

    async fn report(&self) -> Result<Option<Report>, StoreError> {
        self.run(
            "read the report of the last reading",
            |mut sql| async move { report(&mut sql).await },
        )
        .await
    }

    async fn save_report(&self, report: &Report) -> Result<(), StoreError> {
        self.run("write the report of a reading", |mut sql| async move {
            let report = serde_json::to_string(report).map_err(Fault::row)?;
            sql.query("UPDATE directory SET report = $1", &params![report])
                .await
                .map(drop)
        })
        .await
    }
}

/// The report of the last reading.
pub(super) async fn report(sql: &mut Connection) -> Result<Option<Report>, Fault> {
    let row = sql.query_opt("SELECT report FROM directory", &[]).await?;
    let Some(text) = row
        .map(|row| get::<Option<String>>(&row, 0))
        .transpose()?
        .flatten()
    else {
        return Ok(None);
    };
    serde_json::from_str(&text).map_err(Fault::row)
}

const NEXT_CHANGES: &str =
    "SELECT subject, change, name, phone FROM directory_changes ORDER BY subject LIMIT $1";

const LISTED: &str = "listed";
const ABSENT: &str = "absent";
const CHANGE_LEFT: &str = "left";

fn columns_of(change: &Change) -> (&'static str, Option<&str>, Option<&str>) {
    match change {
        Change::Listed(identity) => (LISTED, identity.name.as_deref(), identity.phone.as_deref()),
        Change::Absent(_) => (ABSENT, None, None),
        Change::Left(_) => (CHANGE_LEFT, None, None),
    }
}

fn read_change(row: &Row) -> Result<Change, Fault> {
    let subject = column::subject(row, 0)?;
    Ok(match get(row, 1)? {
        LISTED => Change::Listed(Identity {
            subject,
            name: get(row, 2)?,
            phone: get(row, 3)?,
        }),
        ABSENT => Change::Absent(subject),
        CHANGE_LEFT => Change::Left(subject),
        _ => return Err(Fault::row("a change of the directory is unknown")),
    })
}
