//! What is spent, in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::SqliteStore;
use super::column::millis;
use crate::crypto::identifiers::ReplayKey;
use crate::store::{ReplayCache, StoreError};

#[async_trait]
impl ReplayCache for SqliteStore {
    async fn insert_once(
        &self,
        name: &ReplayKey,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let name = *name;
        self.write("spend what is good for one use", move |sql| {
            spend(sql, &name, until, now)
        })
        .await
    }

    async fn contains(&self, name: &ReplayKey, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.read("find what is spent", |sql| is_spent(sql, name, now))
    }
}

fn spend(
    sql: &Connection,
    name: &ReplayKey,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> rusqlite::Result<bool> {
    let spent = sql
        .prepare_cached(
            "INSERT INTO spent (name, expires_at) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at
             WHERE expires_at <= ?3",
        )?
        .execute(params![name.as_bytes(), millis(until), millis(now)])?;
    Ok(spent == 1)
}

fn is_spent(sql: &Connection, name: &ReplayKey, now: DateTime<Utc>) -> rusqlite::Result<bool> {
    sql.prepare_cached("SELECT 1 FROM spent WHERE name = ?1 AND expires_at > ?2")?
        .exists(params![name.as_bytes(), millis(now)])
}
