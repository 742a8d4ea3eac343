//! Sealed signing keys in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::column::{millis, stored};
use super::{SqliteStore, column};
use crate::keys::SealedKey;
use crate::store::{SealedKeys, StoreError};

#[async_trait]
impl SealedKeys for SqliteStore {
    async fn keys(&self) -> Result<Vec<SealedKey>, StoreError> {
        self.read("read the signing keys", keys)
    }

    async fn insert_if_absent(&self, key: SealedKey) -> Result<SealedKey, StoreError> {
        self.write("keep a signing key", move |sql| keep_first(sql, &key))
            .await
    }

    async fn insert_next(&self, key: SealedKey, after: &str) -> Result<bool, StoreError> {
        let after = after.to_owned();
        self.write("keep the next signing key", move |sql| {
            let last = sql
                .prepare_cached(
                    "SELECT kid FROM signing_keys WHERE alg = ?1 AND revoked_at IS NULL
                     ORDER BY signs_from DESC, created_at DESC, kid DESC LIMIT 1",
                )?
                .query_row([&key.alg], |row| row.get::<_, String>(0))
                .optional()?;
            if last.as_ref() != Some(&after) {
                return Ok(false);
            }
            insert(sql, &key)?;
            Ok(true)
        })
        .await
    }

    async fn insert_keys(
        &self,
        keys: Vec<SealedKey>,
        revoked_at: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        self.write("keep signing keys", move |sql| {
            for key in &keys {
                if let Some(at) = revoked_at {
                    sql.prepare_cached(
                        "UPDATE signing_keys SET revoked_at = ?2 WHERE alg = ?1 AND revoked_at IS NULL",
                    )?
                    .execute(params![key.alg, millis(at)])?;
                }
                insert(sql, key)?;
            }
            Ok(())
        })
        .await
    }

    async fn remove_keys(&self, kids: Vec<String>) -> Result<usize, StoreError> {
        self.write("remove signing keys", move |sql| {
            let mut removed = 0;
            for kid in &kids {
                removed += sql
                    .prepare_cached("DELETE FROM signing_keys WHERE kid = ?1")?
                    .execute([kid])?;
            }
            Ok(removed)
        })
        .await
    }
}

pub(super) fn keys(sql: &Connection) -> rusqlite::Result<Vec<SealedKey>> {
    sql.prepare_cached(
        "SELECT kid, alg, sealed, created_at, signs_from, revoked_at FROM signing_keys
         ORDER BY created_at, kid",
    )?
    .query_map([], key)?
    .collect()
}

/// The keys in a database of a release that did not rotate them: each signs since it was made.
pub(super) fn unscheduled_keys(sql: &Connection) -> rusqlite::Result<Vec<SealedKey>> {
    sql.prepare_cached(
        "SELECT kid, alg, sealed, created_at, created_at, NULL FROM signing_keys
         ORDER BY created_at, kid",
    )?
    .query_map([], key)?
    .collect()
}

fn keep_first(sql: &Connection, offered: &SealedKey) -> rusqlite::Result<SealedKey> {
    let first = sql
        .prepare_cached(
            "SELECT kid, alg, sealed, created_at, signs_from, revoked_at FROM signing_keys
             WHERE alg = ?1 ORDER BY created_at, kid LIMIT 1",
        )?
        .query_row([&offered.alg], key)
        .optional()?;
    if let Some(first) = first {
        return Ok(first);
    }
    insert(sql, offered)?;
    Ok(SealedKey {
        created_at: stored(offered.created_at),
        signs_from: stored(offered.signs_from),
        ..offered.clone()
    })
}

fn insert(sql: &Connection, key: &SealedKey) -> rusqlite::Result<()> {
    sql.prepare_cached(
        "INSERT INTO signing_keys (kid, alg, sealed, created_at, signs_from, revoked_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        key.kid,
        key.alg,
        key.sealed,
        millis(key.created_at),
        millis(key.signs_from),
        key.revoked_at.map(millis)
    ])?;
    Ok(())
}

fn key(row: &Row<'_>) -> rusqlite::Result<SealedKey> {
    let is_revoked = row.get::<_, Option<i64>>(5)?.is_some();
    Ok(SealedKey {
        kid: row.get(0)?,
        alg: row.get(1)?,
        sealed: row.get(2)?,
        created_at: column::time(row, 3)?,
        signs_from: column::time(row, 4)?,
        revoked_at: is_revoked.then(|| column::time(row, 5)).transpose()?,
    })
}
