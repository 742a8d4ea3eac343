//! Maintenance in SQL.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;

use super::SqliteStore;
use super::column::millis;
use super::schema::APPLICATION_ID;
use crate::store::{EXPIRED_SESSION_RETENTION, Maintenance, StoreError};

/// Sessions to remove. A session with an offline grant is kept as long as the grant: a logout still
/// has to find the grants to revoke and the clients to notify.
macro_rules! removable_sessions {
    () => {
        "(SELECT sid FROM sessions WHERE expires_at <= ?1 AND NOT EXISTS
             (SELECT 1 FROM grants g WHERE g.sid = sessions.sid AND g.offline = 1)
           ORDER BY expires_at, sid LIMIT 100)"
    };
}

/// The sweeps, in order. Each deletes a limited number of rows per commit, so that a concurrent login
/// waits a few milliseconds at worst. Sessions come last, because rows that belong to a session are
/// found through it.
const SWEEPS: [Sweep; 6] = [
    (
        TimeDelta::zero(),
        &["DELETE FROM refresh_families WHERE family IN
         (SELECT family FROM refresh_families WHERE expires_at <= ?1
           ORDER BY expires_at LIMIT 200)"],
    ),
    (
        TimeDelta::zero(),
        &["DELETE FROM grants WHERE seq IN
         (SELECT seq FROM grants WHERE expires_at <= ?1 ORDER BY expires_at LIMIT 200)"],
    ),
    (
        TimeDelta::zero(),
        &["DELETE FROM tickets WHERE digest IN
         (SELECT digest FROM tickets WHERE expires_at <= ?1 ORDER BY expires_at LIMIT 200)"],
    ),
    (
        TimeDelta::zero(),
        &["DELETE FROM handles WHERE digest IN
         (SELECT digest FROM handles WHERE expires_at <= ?1 ORDER BY expires_at LIMIT 200)"],
    ),
    (
        TimeDelta::zero(),
        &["DELETE FROM spent WHERE name IN
         (SELECT name FROM spent WHERE expires_at <= ?1 ORDER BY expires_at LIMIT 200)"],
    ),
    (
        EXPIRED_SESSION_RETENTION,
        &[
            concat!(
                "DELETE FROM session_clients WHERE sid IN ",
                removable_sessions!()
            ),
            concat!("DELETE FROM handles WHERE sid IN ", removable_sessions!()),
            concat!("DELETE FROM sessions WHERE sid IN ", removable_sessions!()),
        ],
    ),
];

/// How long rows are kept after they expire, and the statements that delete them.
type Sweep = (TimeDelta, &'static [&'static str]);

#[async_trait]
impl Maintenance for SqliteStore {
    async fn sweep(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let mut removed = 0;
        for (retention, statements) in SWEEPS {
            loop {
                let count = self
                    .write("remove what has expired", move |sql| {
                        sweep(sql, statements, now - retention)
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
        // Reads and writes use connections of their own, and one kind may fail alone.
        self.read("read", first_rows)?;
        self.write("read and commit", |sql| {
            first_rows(sql)?;
            rewrite_header(sql)
        })
        .await
    }

    async fn close(&self) -> Result<(), StoreError> {
        // The writer must close last: the last connection moves the write-ahead log into the database.
        self.readers.close();
        self.writer
            .close()
            .await
            .map_err(|fault| fault.during("close its database"))
    }
}

fn sweep(sql: &Connection, statements: &[&str], before: DateTime<Utc>) -> rusqlite::Result<usize> {
    statements.iter().try_fold(0, |removed, statement| {
        Ok(removed + sql.prepare_cached(statement)?.execute([millis(before)])?)
    })
}

/// Reads the tables that a login needs.
fn first_rows(sql: &Connection) -> rusqlite::Result<()> {
    sql.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM users), EXISTS (SELECT 1 FROM sessions),
                EXISTS (SELECT 1 FROM handles), EXISTS (SELECT 1 FROM grants)",
    )?
    .query_row([], |_| Ok(()))
}

/// Rewrites a header field with its current value, which costs one page of the log and a sync of the
/// disk. A transaction without a write would succeed even on a full disk.
fn rewrite_header(sql: &Connection) -> rusqlite::Result<()> {
    sql.pragma_update(None, "application_id", APPLICATION_ID)
}
