//! Sealed signing keys in SQL.

use async_trait::async_trait;
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
}

pub(super) fn keys(sql: &Connection) -> rusqlite::Result<Vec<SealedKey>> {
    sql.prepare_cached(
        "SELECT kid, alg, sealed, created_at FROM signing_keys ORDER BY created_at, kid",
    )?
    .query_map([], key)?
    .collect()
}

fn keep_first(sql: &Connection, offered: &SealedKey) -> rusqlite::Result<SealedKey> {
    let first = sql
        .prepare_cached(
            "SELECT kid, alg, sealed, created_at FROM signing_keys WHERE alg = ?1
             ORDER BY created_at, kid LIMIT 1",
        )?
        .query_row([&offered.alg], key)
        .optional()?;
    if let Some(first) = first {
        return Ok(first);
    }
    sql.prepare_cached(
        "INSERT INTO signing_keys (kid, alg, sealed, created_at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        offered.kid,
        offered.alg,
        offered.sealed,
        millis(offered.created_at)
    ])?;
    Ok(SealedKey {
        created_at: stored(offered.created_at),
        ..offered.clone()
    })
}

fn key(row: &Row<'_>) -> rusqlite::Result<SealedKey> {
    Ok(SealedKey {
        kid: row.get(0)?,
        alg: row.get(1)?,
        sealed: row.get(2)?,
        created_at: column::time(row, 3)?,
    })
}
