//! Refresh tokens in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use super::PostgresStore;
use super::column::{self, get, millis};
use super::connection::params;
use super::fault::Fault;
use super::grant_rows::{
    GRANTED_COLUMNS, REVOKE, active_grant, active_grant_joins, grant_is_active, granted_columns,
};
use crate::crypto::identifiers::{FamilyId, RefreshTokenHash};
use crate::past::is_past;
use crate::store::{Family, RefreshOutcome, RefreshTokens, Rotation, StoreError};

#[async_trait]
impl RefreshTokens for PostgresStore {
    async fn family(
        &self,
        family: &FamilyId,
        now: DateTime<Utc>,
    ) -> Result<Option<Family>, StoreError> {
        self.run("find a refresh token", |mut sql| async move {
            let parameters = params![family.as_bytes().as_slice(), millis(now)];
            let row = sql.query_opt(FIND, &parameters).await?;
            row.map(|row| family_row(&row).map(|found| found.family))
                .transpose()
        })
        .await
    }

    async fn rotate(
        &self,
        rotation: Rotation,
        now: DateTime<Utc>,
    ) -> Result<RefreshOutcome, StoreError> {
        let rotation = &rotation;
        self.run("refresh a token", |mut sql| async move {
            let parameters = params![
                rotation.family.as_bytes().as_slice(),
                millis(now),
                rotation.presented.as_bytes().as_slice(),
                rotation.successor.as_bytes().as_slice(),
                millis(rotation.expires_at),
            ];
            let Some(row) = sql.query_opt(ROTATE, &parameters).await? else {
                return Ok(RefreshOutcome::Unknown);
            };
            let found = family_row(&row)?;
            let Family {
                id,
                granted,
                latest,
                ..
            } = found.family;
            let is_within_grace = found.previous == Some(rotation.presented)
                && found.rotated_at > rotation.grace_since
                && is_past(found.rotated_at, now);
            if latest == rotation.presented || is_within_grace {
                return Ok(RefreshOutcome::Granted(id, Box::new(granted)));
            }
            sql.query(REVOKE, &params![id.as_bytes().as_slice()])
                .await?;
            Ok(RefreshOutcome::Reused(granted.grant.client_id))
        })
        .await
    }
}

/// The family `$1` with its active grant, as [`family_row`] reads it.
macro_rules! find {
    () => {
        concat!(
            "SELECT ",
            granted_columns!(),
            ", f.grant_id, f.current,
               least(f.expires_at, g.expires_at,
                     CASE WHEN g.offline THEN g.expires_at ELSE s.expires_at END) AS ends_at,
               f.previous, f.rotated_at
              FROM refresh_families f
              JOIN grants g ON g.id = f.grant_id",
            active_grant_joins!(),
            "WHERE f.family = $1 AND f.expires_at > $2 AND",
            grant_is_active!()
        )
    };
}

const FIND: &str = find!();

/// Replaces the token `$3` with its successor `$4` if it is the latest. Returns the family as it was before. Of
/// concurrent callers one replaces it; the others wait for its lock and then find it replaced.
const ROTATE: &str = concat!(
    "WITH found AS MATERIALIZED (",
    find!(),
    "FOR NO KEY UPDATE OF g, f),
     replaced AS (
         UPDATE refresh_families
            SET previous = refresh_families.current, current = $4, rotated_at = $2, expires_at = $5
           FROM found WHERE refresh_families.family = $1 AND found.current = $3)
     SELECT * FROM found"
);

/// A family, and the token that its latest one replaced.
struct FamilyRow {
    family: Family,
    previous: Option<RefreshTokenHash>,
    rotated_at: DateTime<Utc>,
}

fn family_row(row: &Row) -> Result<FamilyRow, Fault> {
    const FIRST: usize = GRANTED_COLUMNS;
    let previous = match get::<Option<&[u8]>>(row, FIRST + 3)? {
        Some(_) => Some(column::digest(row, FIRST + 3)?),
        None => None,
    };
    Ok(FamilyRow {
        family: Family {
            granted: active_grant(row)?,
            id: column::digest(row, FIRST)?,
            latest: column::digest(row, FIRST + 1)?,
            expires_at: column::time(row, FIRST + 2)?,
        },
        previous,
        rotated_at: column::time(row, FIRST + 4)?,
    })
}
