//! Sealed signing keys in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use super::PostgresStore;
use super::column::{self, get, millis};
use super::connection::{Command, Connection, Parameter, params};
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
            let alg = params![key.alg];
            sql.begin(&[LOCK]).await?;
            let rows = sql
                .commit(&[
                    (INSERT_IF_ABSENT, &KeyRow::new(key).parameters()),
                    (FIRST, &alg),
                ])
                .await?;
            match rows[1].first() {
                Some(row) => self::key(row),
                None => Err(Fault::row("a signing key was not stored")),
            }
        })
        .await
    }

    async fn insert_next(&self, key: SealedKey, after: &str) -> Result<bool, StoreError> {
        let key = &key;
        self.run("keep the next signing key", |mut sql| async move {
            sql.begin(&[LOCK]).await?;
            let row = KeyRow::new(key);
            let parameters = [&row.parameters()[..], &params![after]].concat();
            let rows = sql.commit(&[(INSERT_NEXT, &parameters)]).await?;
            Ok(!rows[0].is_empty())
        })
        .await
    }

    async fn insert_keys(
        &self,
        keys: Vec<SealedKey>,
        revoked_at: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let keys = &keys;
        let revoked_at = &revoked_at.map(millis);
        self.run("keep signing keys", |mut sql| async move {
            sql.begin(&[LOCK]).await?;
            for key in keys {
                if revoked_at.is_some() {
                    sql.query(REVOKE_ALL, &params![key.alg, *revoked_at])
                        .await?;
                }
                sql.query(INSERT, &KeyRow::new(key).parameters()).await?;
            }
            sql.commit(&[]).await.map(drop)
        })
        .await
    }

    async fn remove_keys(&self, kids: Vec<String>) -> Result<usize, StoreError> {
        let kids = &kids;
        self.run("remove signing keys", |mut sql| async move {
            let removed = sql
                .query(
                    "DELETE FROM signing_keys WHERE kid = ANY($1) RETURNING 1",
                    &params![*kids],
                )
                .await?;
            Ok(removed.len())
        })
        .await
    }
}

/// Makes those who come second see the keys of the first.
const LOCK: Command<'static> = ("SELECT id FROM locks WHERE id = 0 FOR UPDATE", &[]);

macro_rules! key_columns {
    () => {
        "kid, alg, sealed, created_at, signs_from, revoked_at"
    };
}

/// All keys, oldest first.
pub(super) async fn keys(sql: &mut Connection) -> Result<Vec<SealedKey>, Fault> {
    let select = concat!(
        "SELECT ",
        key_columns!(),
        " FROM signing_keys ORDER BY created_at, kid"
    );
    sql.query(select, &[]).await?.iter().map(key).collect()
}

const INSERT: &str = concat!(
    "INSERT INTO signing_keys (",
    key_columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6)"
);

const INSERT_IF_ABSENT: &str = concat!(
    "INSERT INTO signing_keys (",
    key_columns!(),
    ") SELECT $1, $2, $3, $4, $5, $6
        WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE alg = $2)"
);

/// Inserts a key if `$7` is the one of its algorithm that signs last.
const INSERT_NEXT: &str = concat!(
    "INSERT INTO signing_keys (",
    key_columns!(),
    ") SELECT $1, $2, $3, $4, $5, $6
        WHERE $7 = (SELECT kid FROM signing_keys WHERE alg = $2 AND revoked_at IS NULL
                     ORDER BY signs_from DESC, created_at DESC, kid DESC LIMIT 1)
       RETURNING 1"
);

const REVOKE_ALL: &str =
    "UPDATE signing_keys SET revoked_at = $2 WHERE alg = $1 AND revoked_at IS NULL";

const FIRST: &str = concat!(
    "SELECT ",
    key_columns!(),
    " FROM signing_keys WHERE alg = $1 ORDER BY created_at, kid LIMIT 1"
);

/// A key with its times as they are stored.
struct KeyRow<'a> {
    key: &'a SealedKey,
    created_at: i64,
    signs_from: i64,
    revoked_at: Option<i64>,
}

impl<'a> KeyRow<'a> {
    fn new(key: &'a SealedKey) -> Self {
        Self {
            key,
            created_at: millis(key.created_at),
            signs_from: millis(key.signs_from),
            revoked_at: key.revoked_at.map(millis),
        }
    }

    fn parameters(&self) -> [Parameter<'_>; 6] {
        params![
            self.key.kid,
            self.key.alg,
            self.key.sealed,
            self.created_at,
            self.signs_from,
            self.revoked_at,
        ]
    }
}

fn key(row: &Row) -> Result<SealedKey, Fault> {
    Ok(SealedKey {
        kid: get(row, 0)?,
        alg: get(row, 1)?,
        sealed: get(row, 2)?,
        created_at: column::time(row, 3)?,
        signs_from: column::time(row, 4)?,
        revoked_at: column::optional_time(row, 5)?,
    })
}
