//! Sealed signing keys in SQL.

use async_trait::async_trait;
use tokio_postgres::Row;

use super::PostgresStore;
use super::column::{self, get, millis};
use super::connection::{Connection, params};
use super::fault::Fault;
use crate::keys::SealedKey;
use crate::store::{SealedKeys, StoreError};

#[async_trait]
impl SealedKeys for PostgresStore {
    async fn keys(&self) -> Result<Vec<SealedKey>, StoreError> {
        self.run("read the signing keys", |mut sql| async move {
            keys(&mut sql).await
        })
        .await
    }

    async fn insert_if_absent(&self, key: SealedKey) -> Result<SealedKey, StoreError> {
        let key = &key;
        self.run("keep a signing key", |mut sql| async move {
            let offered = params![key.kid, key.alg, key.sealed, millis(key.created_at)];
            let alg = params![key.alg];
            // The lock makes the one who comes second see the key of the first.
            sql.begin(&[("SELECT id FROM locks WHERE id = 0 FOR UPDATE", &[])])
                .await?;
            let rows = sql.commit(&[(INSERT, &offered), (FIRST, &alg)]).await?;
            match rows[1].first() {
                Some(row) => self::key(row),
                None => Err(Fault::row("a signing key was not stored")),
            }
        })
        .await
    }
}

/// All keys, oldest first.
pub(super) async fn keys(sql: &mut Connection) -> Result<Vec<SealedKey>, Fault> {
    let rows = sql
        .query(
            "SELECT kid, alg, sealed, created_at FROM signing_keys ORDER BY created_at, kid",
            &[],
        )
        .await?;
    rows.iter().map(key).collect()
}

const INSERT: &str = "
    INSERT INTO signing_keys (kid, alg, sealed, created_at)
    SELECT $1, $2, $3, $4 WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE alg = $2)";

const FIRST: &str = "
    SELECT kid, alg, sealed, created_at FROM signing_keys WHERE alg = $1
     ORDER BY created_at, kid LIMIT 1";

fn key(row: &Row) -> Result<SealedKey, Fault> {
    Ok(SealedKey {
        kid: get(row, 0)?,
        alg: get(row, 1)?,
        sealed: get(row, 2)?,
        created_at: column::time(row, 3)?,
    })
}
