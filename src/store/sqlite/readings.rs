//! Readings of the directory in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use panda_oidc_sdk::Identity;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::column::{self, invalid_column, millis};
use super::history::{append, has_left};
use super::people::end_all;
use crate::crypto::identifiers::LeaseHolder;
use crate::directory::{Change, Event, Report};
use crate::session::{EndedSession, LogoutNotice};
use crate::store::{AppliedChanges, DirectoryLease, DirectoryReadings, StoreError};

#[async_trait]
impl DirectoryReadings for SqliteStore {
    async fn lease_directory(
        &self,
        lease: DirectoryLease,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.write("take the directory up", move |sql| {
            let updated = sql
                .prepare_cached(
                    "UPDATE directory SET holder = ?1, leased_until = ?2
                      WHERE holder IS NULL OR holder = ?1 OR leased_until <= ?3",
                )?
                .execute(params![
                    lease.holder.as_bytes(),
                    millis(lease.until),
                    millis(now)
                ])?;
            Ok(updated == 1)
        })
        .await
    }

    async fn release_directory(&self, holder: &LeaseHolder) -> Result<(), StoreError> {
        let holder = *holder;
        self.write("give the directory back", move |sql| {
            sql.prepare_cached(
                "UPDATE directory SET holder = NULL, leased_until = NULL WHERE holder = ?1",
            )?
            .execute([holder.as_bytes()])
            .map(drop)
        })
        .await
    }

    async fn stage(&self, lease: DirectoryLease, changes: Vec<Change>) -> Result<bool, StoreError> {
        self.write("put down what a reading found", move |sql| {
            if !renew(sql, lease)? {
                return Ok(false);
            }
            changes.iter().try_for_each(|change| stage(sql, change))?;
            Ok(true)
        })
        .await
    }

    async fn discard(
        &self,
        lease: DirectoryLease,
        limit: u32,
    ) -> Result<Option<usize>, StoreError> {
        self.write("throw a reading away", move |sql| {
            if !renew(sql, lease)? {
                return Ok(None);
            }
            sql.prepare_cached(
                "DELETE FROM directory_changes WHERE subject IN
                     (SELECT subject FROM directory_changes LIMIT ?1)
                   AND (SELECT accepted_at FROM directory) IS NULL",
            )?
            .execute([limit])
            .map(Some)
        })
        .await
    }

    async fn accept(&self, lease: DirectoryLease, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.write("accept a reading", move |sql| {
            if !renew(sql, lease)? {
                return Ok(false);
            }
            sql.prepare_cached("UPDATE directory SET accepted_at = ?1")?
                .execute([millis(now)])?;
            Ok(true)
        })
        .await
    }

    async fn apply_accepted(
        &self,
        lease: DirectoryLease,
        limit: u32,
        notice: &LogoutNotice,
    ) -> Result<Option<AppliedChanges>, StoreError> {
        let notice = notice.clone();
        self.write("carry out what a reading found", move |sql| {
            if !renew(sql, lease)? {
                return Ok(None);
            }
            carry_out(sql, limit, &notice).map(Some)
        })
        .await
    }

    async fn report(&self) -> Result<Option<Report>, StoreError> {
        self.read("read what the last reading came to", report)
    }

    async fn save_report(&self, report: &Report) -> Result<(), StoreError> {
        let report = serde_json::to_string(report).map_err(|error| StoreError {
            step: "write down what a reading came to",
            source: error.into(),
        })?;
        self.write("write down what a reading came to", move |sql| {
            sql.prepare_cached("UPDATE directory SET report = ?1")?
                .execute([&report])
                .map(drop)
        })
        .await
    }
}

pub(super) fn report(sql: &Connection) -> rusqlite::Result<Option<Report>> {
    let report = sql
        .prepare_cached("SELECT report FROM directory")?
        .query_row([], |row| row.get::<_, Option<String>>(0))?;
    let report = report
        .map(|report| serde_json::from_str(&report))
        .transpose();
    report.map_err(|error| invalid_column(0, error))
}

/// Renews the lease, unless another process has taken it. `false` when it was lost.
fn renew(sql: &Connection, lease: DirectoryLease) -> rusqlite::Result<bool> {
    let updated = sql
        .prepare_cached("UPDATE directory SET leased_until = ?2 WHERE holder = ?1")?
        .execute(params![lease.holder.as_bytes(), millis(lease.until)])?;
    Ok(updated == 1)
}

const LISTED: &str = "listed";
const ABSENT: &str = "absent";
const CHANGE_LEFT: &str = "left";

fn stage(sql: &Connection, change: &Change) -> rusqlite::Result<()> {
    let (kind, name, phone) = match change {
        Change::Listed(identity) => (LISTED, identity.name.as_deref(), identity.phone.as_deref()),
        Change::Absent(_) => (ABSENT, None, None),
        Change::Left(_) => (CHANGE_LEFT, None, None),
    };
    sql.prepare_cached(
        "INSERT OR REPLACE INTO directory_changes (subject, change, name, phone)
         VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![change.subject().as_str(), kind, name, phone])
    .map(drop)
}

fn read_change(row: &Row<'_>) -> rusqlite::Result<Change> {
    let subject = column::subject(row, 0)?;
    Ok(match row.get_ref(1)?.as_str()? {
        LISTED => Change::Listed(Identity {
            subject,
            name: row.get(2)?,
            phone: row.get(3)?,
        }),
        ABSENT => Change::Absent(subject),
        CHANGE_LEFT => Change::Left(subject),
        _ => return Err(invalid_column(1, "not a change")),
    })
}

fn carry_out(
    sql: &Connection,
    limit: u32,
    notice: &LogoutNotice,
) -> rusqlite::Result<AppliedChanges> {
    let accepted_at = sql
        .prepare_cached("SELECT accepted_at FROM directory WHERE accepted_at IS NOT NULL")?
        .query_row([], |row| column::time(row, 0))
        .optional()?;
    let Some(accepted_at) = accepted_at else {
        return Ok(AppliedChanges::default());
    };
    let changes: Vec<_> = sql
        .prepare_cached(
            "SELECT subject, change, name, phone FROM directory_changes ORDER BY subject LIMIT ?1",
        )?
        .query_map([limit], read_change)?
        .collect::<Result<_, _>>()?;
    let Some(last) = changes.last() else {
        sql.prepare_cached("UPDATE directory SET accepted_at = NULL")?
            .execute([])?;
        return Ok(AppliedChanges::default());
    };
    let mut ended = Vec::new();
    for change in &changes {
        match change {
            Change::Listed(identity) => mark_listed(sql, identity, accepted_at)?,
            Change::Absent(subject) => mark_absent(sql, subject.as_str(), accepted_at)?,
            Change::Left(subject) => {
                ended.extend(mark_left(sql, subject.as_str(), notice, accepted_at)?);
            }
        }
    }
    sql.prepare_cached("DELETE FROM directory_changes WHERE subject <= ?1")?
        .execute([last.subject().as_str()])?;
    Ok(AppliedChanges {
        changes: changes.len(),
        ended,
    })
}

/// Marks a person as listed, whatever their presence was before.
fn mark_listed(sql: &Connection, identity: &Identity, at: DateTime<Utc>) -> rusqlite::Result<()> {
    let subject = identity.subject.as_str();
    if has_left(sql, subject)? {
        append(sql, subject, &Event::Returned, at)?;
    }
    sql.prepare_cached(
        "INSERT INTO users (subject, name, phone, updated_at, listed_at)
         VALUES (?1, ?2, ?3, ?4, ?4)
         ON CONFLICT (subject) DO UPDATE SET
             updated_at = CASE WHEN users.name IS DISTINCT FROM excluded.name
                                 OR users.phone IS DISTINCT FROM excluded.phone
                                 OR users.left_at IS NOT NULL
                 THEN excluded.updated_at ELSE users.updated_at END,
             name = excluded.name, phone = excluded.phone,
             listed_at = coalesce(users.listed_at, excluded.listed_at),
             absent_since = NULL, left_at = NULL, forgotten_at = NULL",
    )?
    .execute(params![subject, identity.name, identity.phone, millis(at)])
    .map(drop)
}

/// Marks a person as absent: not listed, which may be a mistake of the directory.
fn mark_absent(sql: &Connection, subject: &str, at: DateTime<Utc>) -> rusqlite::Result<()> {
    let updated = sql
        .prepare_cached(
            "UPDATE users SET absent_since = ?2
              WHERE subject = ?1 AND absent_since IS NULL AND left_at IS NULL",
        )?
        .execute(params![subject, millis(at)])?;
    if updated == 1 {
        append(sql, subject, &Event::Absent, at)?;
    }
    Ok(())
}

/// Marks a person as left, and ends their sessions.
fn mark_left(
    sql: &Connection,
    subject: &str,
    notice: &LogoutNotice,
    at: DateTime<Utc>,
) -> rusqlite::Result<Vec<EndedSession>> {
    let updated = sql
        .prepare_cached("UPDATE users SET left_at = ?2 WHERE subject = ?1 AND left_at IS NULL")?
        .execute(params![subject, millis(at)])?;
    if updated == 0 {
        return Ok(Vec::new());
    }
    let ended = end_all(sql, subject, notice)?;
    append(sql, subject, &Event::left(&ended), at)?;
    Ok(ended)
}
