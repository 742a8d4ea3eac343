//! Keeping house in SQL.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;

use super::SqliteStore;
use super::column::millis;
use super::schema::APPLICATION_ID;
use crate::store::{Maintenance, RUN_OUT_KEPT, StoreError};

/// Sessions that are over for good. One that an offline grant came from is kept as long as the grant:
/// a logout still has to find what to end, and whom to tell.
macro_rules! sessions_over {
    () => {
        "(SELECT sid FROM sessions WHERE expires_at <= ?1 AND NOT EXISTS
             (SELECT 1 FROM grants g WHERE g.sid = sessions.sid AND g.offline = 1)
           ORDER BY expires_at, sid LIMIT 100)"
    };
}

/// What to remove in one commit, at most this many rows each: a login beside it waits a few
/// milliseconds at the worst. Sessions go last, as what belongs to them is found by them.
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
        RUN_OUT_KEPT,
        &[
            concat!(
                "DELETE FROM session_clients WHERE sid IN ",
                sessions_over!()
            ),
            concat!("DELETE FROM handles WHERE sid IN ", sessions_over!()),
            concat!("DELETE FROM sessions WHERE sid IN ", sessions_over!()),
        ],
    ),
];

/// How long after they expired rows are removed, and by what.
type Sweep = (TimeDelta, &'static [&'static str]);

#[async_trait]
impl Maintenance for SqliteStore {
    async fn sweep(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let mut gone = 0;
        for (kept, steps) in SWEEPS {
            loop {
                let some = self
                    .write("remove what has expired", move |sql| {
                        sweep(sql, steps, now - kept)
                    })
                    .await?;
                gone += some;
                if some == 0 {
                    break;
                }
            }
        }
        Ok(gone)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.write("commit", touch).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        // The writer has to be the last to leave: it moves the log into the database then.
        self.readers.close();
        self.writer
            .close()
            .await
            .map_err(|fault| fault.during("close its database"))
    }
}

fn sweep(sql: &Connection, steps: &[&str], before: DateTime<Utc>) -> rusqlite::Result<usize> {
    steps.iter().try_fold(0, |gone, step| {
        Ok(gone + sql.prepare_cached(step)?.execute([millis(before)])?)
    })
}

/// Writes the header as it is, which takes a page of the log and a sync of the disk. A transaction
/// without a write would succeed on a full disk too.
fn touch(sql: &Connection) -> rusqlite::Result<()> {
    sql.pragma_update(None, "application_id", APPLICATION_ID)
}
