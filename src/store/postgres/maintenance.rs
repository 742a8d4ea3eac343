//! Maintenance in SQL.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::PostgresStore;
use super::column::{get, millis};
use super::connection::params;
use super::fault::Fault;
use crate::store::{EXPIRED_SESSION_RETENTION, Maintenance, StoreError};

/// Deletes rows of `$table` that have expired by `$1`, and counts them. Rows that a step is using are left for
/// the next sweep.
macro_rules! expired {
    ($table:literal, $key:literal) => {
        concat!(
            "WITH gone AS (DELETE FROM ",
            $table,
            " WHERE ",
            $key,
            " IN (SELECT ",
            $key,
            " FROM ",
            $table,
            " WHERE expires_at <= $1 ORDER BY expires_at LIMIT 500 FOR UPDATE SKIP LOCKED)
              RETURNING 1)
             SELECT count(*) FROM gone"
        )
    };
}

/// The sweeps, in order: how long rows are kept after they expire, and the statement that deletes some of them.
/// A session with an offline grant is kept as long as the grant: a logout still has to find the grants to revoke
/// and the clients to notify. Sessions come last, because rows that belong to a session are found through it.
const SWEEPS: [(TimeDelta, &str); 6] = [
    (TimeDelta::zero(), expired!("refresh_families", "family")),
    (TimeDelta::zero(), expired!("grants", "id")),
    (TimeDelta::zero(), expired!("tickets", "digest")),
    (TimeDelta::zero(), expired!("handles", "digest")),
    (TimeDelta::zero(), expired!("spent", "name")),
    (
        EXPIRED_SESSION_RETENTION,
        "WITH over AS MATERIALIZED (
             SELECT s.sid FROM sessions s WHERE s.expires_at <= $1 AND NOT EXISTS
                    (SELECT 1 FROM grants g WHERE g.sid = s.sid AND g.offline)
              ORDER BY s.expires_at, s.sid LIMIT 200 FOR UPDATE SKIP LOCKED),
         clients AS (DELETE FROM session_clients WHERE sid IN (SELECT sid FROM over) RETURNING 1),
         opened AS (DELETE FROM handles WHERE sid IN (SELECT sid FROM over) RETURNING 1),
         gone AS (DELETE FROM sessions WHERE sid IN (SELECT sid FROM over) RETURNING 1)
         SELECT (SELECT count(*) FROM clients) + (SELECT count(*) FROM opened)
              + (SELECT count(*) FROM gone)",
    ),
];

#[async_trait]
impl Maintenance for PostgresStore {
    async fn sweep(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let mut removed = 0;
        for (retention, statement) in SWEEPS {
            loop {
                let before = millis(now - retention);
                let count = self
                    .run("remove what has expired", |mut sql| async move {
                        let row = sql.query_opt(statement, &params![before]).await?;
                        let count = row.map(|row| get::<i64>(&row, 0)).transpose()?;
                        usize::try_from(count.unwrap_or_default()).map_err(Fault::row)
                    })
                    .await?;
                removed += count;
                if count == 0 {
                    break;
                }
            }
        }
        Ok(removed)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.run("read and commit", |mut sql| async move {
            // A lock is a write: a standby refuses it, and so does a full disk.
            sql.pipeline(&[
                (
                    "SELECT EXISTS (SELECT 1 FROM users), EXISTS (SELECT 1 FROM sessions),
                            EXISTS (SELECT 1 FROM handles), EXISTS (SELECT 1 FROM grants)",
                    &[],
                ),
                ("UPDATE locks SET id = id WHERE id = 257", &[]),
            ])
            .await
            .map(drop)
        })
        .await
    }

    async fn close(&self) -> Result<(), StoreError> {
        if self.pool.is_closed() {
            return Err(Fault::Closed.during("close its database"));
        }
        self.pool.close();
        Ok(())
    }
}
