//! Refresh tokens in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::column::{self, millis};
use super::grant_rows::{
    GRANTED_COLUMNS, active_grant_joins, grant_is_active, granted_columns, read_active_grant,
    revoke,
};
use crate::crypto::identifiers::{FamilyId, GrantId, RefreshTokenHash};
use crate::past::is_past;
use crate::store::{Family, NewFamily, RefreshOutcome, RefreshTokens, Rotation, StoreError};

#[async_trait]
impl RefreshTokens for SqliteStore {
    async fn family(
        &self,
        family: &FamilyId,
        now: DateTime<Utc>,
    ) -> Result<Option<Family>, StoreError> {
        let found = self.read("find a refresh token", |sql| find(sql, family, now))?;
        Ok(found.map(|found| found.family))
    }

    async fn rotate(
        &self,
        rotation: Rotation,
        now: DateTime<Utc>,
    ) -> Result<RefreshOutcome, StoreError> {
        self.write("refresh a token", move |sql| rotate(sql, &rotation, now))
            .await
    }
}

/// Inserts a family with its first token.
pub(super) fn begin(
    sql: &Connection,
    grant: &GrantId,
    family: &NewFamily,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    sql.prepare_cached(
        "INSERT INTO refresh_families (family, grant_id, current, rotated_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        family.family.as_bytes(),
        grant.as_bytes(),
        family.token.as_bytes(),
        millis(now),
        millis(family.expires_at),
    ])
    .map(drop)
}

/// A family, and the token that its latest one replaced.
struct FamilyRow {
    family: Family,
    previous: Option<RefreshTokenHash>,
    rotated_at: DateTime<Utc>,
}

fn find(
    sql: &Connection,
    family: &FamilyId,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<FamilyRow>> {
    sql.prepare_cached(concat!(
        "SELECT ",
        granted_columns!(),
        ", f.grant_id, f.current,
           min(f.expires_at, g.expires_at, iif(g.offline = 1, g.expires_at, s.expires_at)),
           f.previous, f.rotated_at",
        active_grant_joins!(),
        "JOIN refresh_families f ON f.grant_id = g.id
         WHERE f.family = ?1 AND f.expires_at > ?2 AND",
        grant_is_active!()
    ))?
    .query_row(params![family.as_bytes(), millis(now)], row_family)
    .optional()
}

fn row_family(row: &Row<'_>) -> rusqlite::Result<FamilyRow> {
    const FIRST: usize = GRANTED_COLUMNS;
    Ok(FamilyRow {
        family: Family {
            granted: read_active_grant(row)?,
            id: column::digest(row, FIRST)?,
            latest: column::digest(row, FIRST + 1)?,
            expires_at: column::time(row, FIRST + 2)?,
        },
        previous: row
            .get::<_, Option<[u8; 32]>>(FIRST + 3)?
            .map(RefreshTokenHash::from),
        rotated_at: column::time(row, FIRST + 4)?,
    })
}

fn rotate(
    sql: &Connection,
    rotation: &Rotation,
    now: DateTime<Utc>,
) -> rusqlite::Result<RefreshOutcome> {
    let Some(found) = find(sql, &rotation.family, now)? else {
        return Ok(RefreshOutcome::Unknown);
    };
    let Family {
        id,
        granted,
        latest,
        ..
    } = found.family;
    if latest == rotation.presented {
        sql.prepare_cached(
            "UPDATE refresh_families
                SET previous = current, current = ?2, rotated_at = ?3, expires_at = ?4
              WHERE family = ?1",
        )?
        .execute(params![
            rotation.family.as_bytes(),
            rotation.successor.as_bytes(),
            millis(now),
            millis(rotation.expires_at),
        ])?;
        return Ok(RefreshOutcome::Granted(id, Box::new(granted)));
    }
    let is_within_grace = found.previous == Some(rotation.presented)
        && found.rotated_at > rotation.grace_since
        && is_past(found.rotated_at, now);
    if is_within_grace {
        return Ok(RefreshOutcome::Granted(id, Box::new(granted)));
    }
    revoke(sql, &id)?;
    Ok(RefreshOutcome::Reused(granted.grant.client_id))
}
