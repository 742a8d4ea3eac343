//! The tokens of the admin API in SQL.

use async_trait::async_trait;
use tokio_postgres::Row;

use super::PostgresStore;
use super::column::{self, get, millis};
use super::connection::params;
use super::fault::Fault;
use crate::admin::{Scope, Token};
use crate::crypto::identifiers::AdminTokenHash;
use crate::store::{AdminTokens, StoreError};

#[async_trait]
impl AdminTokens for PostgresStore {
    async fn add_admin_token(
        &self,
        token: &Token,
        hash: &AdminTokenHash,
    ) -> Result<bool, StoreError> {
        let scopes: Vec<_> = token.scopes.iter().map(|scope| scope.as_str()).collect();
        let scopes = &scopes.join(" ");
        self.run("keep an admin token", |mut sql| async move {
            let inserted = sql
                .query_opt(
                    "INSERT INTO admin_tokens (id, name, hash, scopes, created_at, expires_at)
                     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING
                     RETURNING 1",
                    &params![
                        token.id,
                        token.name.as_str(),
                        hash.as_bytes().as_slice(),
                        *scopes,
                        millis(token.created_at),
                        token.expires_at.map(millis),
                    ],
                )
                .await?;
            Ok(inserted.is_some())
        })
        .await
    }

    async fn admin_token(&self, hash: &AdminTokenHash) -> Result<Option<Token>, StoreError> {
        self.run("find an admin token", |mut sql| async move {
            let row = sql
                .query_opt(
                    "SELECT id, name, scopes, created_at, expires_at FROM admin_tokens WHERE hash = $1",
                    &params![hash.as_bytes().as_slice()],
                )
                .await?;
            row.as_ref().map(token).transpose()
        })
        .await
    }

    async fn admin_tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.run("list the admin tokens", |mut sql| async move {
            let rows = sql
                .query(
                    "SELECT id, name, scopes, created_at, expires_at FROM admin_tokens
                      ORDER BY created_at, id",
                    &[],
                )
                .await?;
            rows.iter().map(token).collect()
        })
        .await
    }

    async fn revoke_admin_token(&self, id: &str) -> Result<Option<Token>, StoreError> {
        self.run("revoke an admin token", |mut sql| async move {
            let row = sql
                .query_opt(
                    "DELETE FROM admin_tokens WHERE id = $1
                     RETURNING id, name, scopes, created_at, expires_at",
                    &params![id],
                )
                .await?;
            row.as_ref().map(token).transpose()
        })
        .await
    }
}

/// Reads a token. A scope that this release does not know gives access to nothing, and is left out.
fn token(row: &Row) -> Result<Token, Fault> {
    let name: &str = get(row, 1)?;
    let scopes: &str = get(row, 2)?;
    let known = scopes
        .split(' ')
        .filter_map(|text| text.parse::<Scope>().ok());
    Ok(Token {
        id: get(row, 0)?,
        name: name.parse().map_err(Fault::row)?,
        scopes: known.collect(),
        created_at: column::time(row, 3)?,
        expires_at: column::optional_time(row, 4)?,
    })
}
