//! The replay cache in SQL.

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
        key: &ReplayKey,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let key = *key;
        self.write("spend what is good for one use", move |sql| {
            insert_once(sql, &key, until, now)
        })
        .await
    }

    async fn contains(&self, key: &ReplayKey, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.read("find what is spent", |sql| contains(sql, key, now))
    }
}

fn insert_once(
    sql: &Connection,
    key: &ReplayKey,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> rusqlite::Result<bool> {
    let inserted = sql
        .prepare_cached(
            "INSERT INTO spent (name, expires_at) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at
             WHERE expires_at <= ?3",
        )?
        .execute(params![key.as_bytes(), millis(until), millis(now)])?;
    Ok(inserted == 1)
}

fn contains(sql: &Connection, key: &ReplayKey, now: DateTime<Utc>) -> rusqlite::Result<bool> {
    sql.prepare_cached("SELECT 1 FROM spent WHERE name = ?1 AND expires_at > ?2")?
        .exists(params![key.as_bytes(), millis(now)])
}
