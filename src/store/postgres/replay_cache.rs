//! The replay cache in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::PostgresStore;
use super::column::millis;
use super::connection::params;
use crate::crypto::identifiers::ReplayKey;
use crate::store::{ReplayCache, StoreError};

#[async_trait]
impl ReplayCache for PostgresStore {
    async fn insert_once(
        &self,
        key: &ReplayKey,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.run("spend what is good for one use", |mut sql| async move {
            let inserted = sql
                .query_opt(
                    "INSERT INTO spent (name, expires_at) VALUES ($1, $2)
                     ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at
                     WHERE spent.expires_at <= $3
                     RETURNING 1",
                    &params![key.as_bytes().as_slice(), millis(until), millis(now)],
                )
                .await?;
            Ok(inserted.is_some())
        })
        .await
    }

    async fn contains(&self, key: &ReplayKey, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.run("find what is spent", |mut sql| async move {
            let found = sql
                .query_opt(
                    "SELECT 1 FROM spent WHERE name = $1 AND expires_at > $2",
                    &params![key.as_bytes().as_slice(), millis(now)],
                )
                .await?;
            Ok(found.is_some())
        })
        .await
    }
}
