//! The tokens of the admin API in SQL.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::column::{invalid_column, millis};
use super::{SqliteStore, column};
use crate::admin::{Scope, Token};
use crate::crypto::identifiers::AdminTokenHash;
use crate::store::{AdminTokens, StoreError};

#[async_trait]
impl AdminTokens for SqliteStore {
    async fn add_admin_token(
        &self,
        token: &Token,
        hash: &AdminTokenHash,
    ) -> Result<bool, StoreError> {
        let (token, hash) = (token.clone(), *hash);
        self.write("keep an admin token", move |sql| insert(sql, &token, &hash))
            .await
    }

    async fn admin_token(&self, hash: &AdminTokenHash) -> Result<Option<Token>, StoreError> {
        self.read("find an admin token", |sql| {
            sql.prepare_cached(
                "SELECT id, name, scopes, created_at, expires_at FROM admin_tokens WHERE hash = ?1",
            )?
            .query_row([hash.as_bytes()], token)
            .optional()
        })
    }

    async fn admin_tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.read("list the admin tokens", |sql| {
            sql.prepare_cached(
                "SELECT id, name, scopes, created_at, expires_at FROM admin_tokens
                 ORDER BY created_at, id",
            )?
            .query_map([], token)?
            .collect()
        })
    }

    async fn revoke_admin_token(&self, id: &str) -> Result<Option<Token>, StoreError> {
        let id = id.to_owned();
        self.write("revoke an admin token", move |sql| {
            sql.prepare_cached(
                "DELETE FROM admin_tokens WHERE id = ?1
                 RETURNING id, name, scopes, created_at, expires_at",
            )?
            .query_row([&id], token)
            .optional()
        })
        .await
    }
}

fn insert(sql: &Connection, token: &Token, hash: &AdminTokenHash) -> rusqlite::Result<bool> {
    let scopes: Vec<_> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    let inserted = sql
        .prepare_cached(
            "INSERT INTO admin_tokens (id, name, hash, scopes, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (name) DO NOTHING",
        )?
        .execute(params![
            token.id,
            token.name.as_str(),
            hash.as_bytes(),
            scopes.join(" "),
            millis(token.created_at),
            token.expires_at.map(millis),
        ])?;
    Ok(inserted == 1)
}

/// Reads a token. A scope that this release does not know gives access to nothing, and is left out.
fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    let name: String = row.get(1)?;
    let scopes: String = row.get(2)?;
    let known = scopes
        .split(' ')
        .filter_map(|text| text.parse::<Scope>().ok());
    Ok(Token {
        id: row.get(0)?,
        name: name.parse().map_err(|error| invalid_column(1, error))?,
        scopes: known.collect(),
        created_at: column::time(row, 3)?,
        expires_at: match row.get::<_, Option<i64>>(4)? {
            Some(_) => Some(column::time(row, 4)?),
            None => None,
        },
    })
}
