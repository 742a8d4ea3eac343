//! Codes and grants in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use openidconnect::{ClientId, Nonce};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::column::{self, SESSION_COLUMNS, millis, session_columns};
use crate::handle::Digest;
use crate::login::session::SessionId;
use crate::oauth::grant::{Grant, Granted};
use crate::oauth::pkce::CodeChallenge;
use crate::oauth::scope::Scopes;
use crate::store::{Grants, StoreError, Taken};

#[async_trait]
impl Grants for SqliteStore {
    async fn issue(
        &self,
        code: &Digest,
        grant: Grant,
        code_expires_at: DateTime<Utc>,
        keep_until: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let code = *code;
        self.write("issue a code", move |sql| {
            issue(sql, &code, &grant, code_expires_at, keep_until)
        })
        .await
    }

    async fn take(&self, code: &Digest, now: DateTime<Utc>) -> Result<Taken, StoreError> {
        let code = *code;
        self.write("redeem a code", move |sql| take(sql, &code, now))
            .await
    }

    async fn granted(
        &self,
        id: &Digest,
        now: DateTime<Utc>,
    ) -> Result<Option<Granted>, StoreError> {
        self.read("find a grant", |sql| granted(sql, id, now))
    }
}

/// The columns that [`grant`] reads, of a grant `g`.
macro_rules! grant_columns {
    () => {
        "g.client_id, g.sid, g.scope, g.redirect_uri, g.nonce, g.challenge, g.auth_time"
    };
}
const GRANT_COLUMNS: usize = 7;

fn issue(
    sql: &Connection,
    code: &Digest,
    grant: &Grant,
    code_expires_at: DateTime<Utc>,
    keep_until: DateTime<Utc>,
) -> rusqlite::Result<()> {
    sql.prepare_cached(
        "INSERT INTO grants (id, client_id, sid, scope, redirect_uri, nonce, challenge, auth_time,
                             code_expires_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        code.as_bytes(),
        grant.client_id.as_str(),
        grant.sid.as_str(),
        grant.scopes.to_string(),
        grant.redirect_uri,
        grant.nonce.as_ref().map(openidconnect::Nonce::secret),
        grant.challenge.as_ref().map(CodeChallenge::as_str),
        millis(grant.auth_time),
        millis(code_expires_at),
        millis(keep_until),
    ])?;
    // A session that has ended meanwhile leaves nobody to tell.
    sql.prepare_cached(
        "INSERT INTO session_clients (sid, client_id)
         SELECT sid, ?2 FROM sessions WHERE sid = ?1
         ON CONFLICT DO NOTHING",
    )?
    .execute([grant.sid.as_str(), grant.client_id.as_str()])
    .map(drop)
}

fn take(sql: &Connection, code: &Digest, now: DateTime<Utc>) -> rusqlite::Result<Taken> {
    let presented = sql
        .prepare_cached(concat!(
            "SELECT ",
            grant_columns!(),
            ", ",
            session_columns!(),
            ", g.seq, g.redeemed_at IS NOT NULL, g.code_expires_at > ?2
              FROM grants g
              LEFT JOIN sessions s ON s.sid = g.sid AND s.expires_at > ?2
              LEFT JOIN users u ON u.subject = s.subject
             WHERE g.id = ?1 AND g.expires_at > ?2"
        ))?
        .query_row(params![code.as_bytes(), millis(now)], presented)
        .optional()?;
    match presented {
        Some(Presented::Again(seq, client)) => {
            sql.prepare_cached(
                "UPDATE grants SET revoked_at = ?2 WHERE seq = ?1 AND revoked_at IS NULL",
            )?
            .execute([seq, millis(now)])?;
            Ok(Taken::Reused(client))
        }
        Some(Presented::Good(seq, granted)) => {
            sql.prepare_cached("UPDATE grants SET redeemed_at = ?2 WHERE seq = ?1")?
                .execute([seq, millis(now)])?;
            Ok(Taken::Granted(granted))
        }
        Some(Presented::Late) | None => Ok(Taken::Unknown),
    }
}

/// A code that is remembered, as it is presented.
enum Presented {
    /// For the first time, and in time.
    Good(i64, Box<Granted>),
    /// After it had been taken, whatever has become of its session since.
    Again(i64, ClientId),
    /// For the first time, but it has expired or its session is over.
    Late,
}

fn presented(row: &Row<'_>) -> rusqlite::Result<Presented> {
    const REST: usize = GRANT_COLUMNS + SESSION_COLUMNS;
    let seq = row.get(REST)?;
    if row.get(REST + 1)? {
        return Ok(Presented::Again(seq, ClientId::new(row.get(0)?)));
    }
    let in_time: bool = row.get(REST + 2)?;
    let lives = row.get_ref(GRANT_COLUMNS)? != rusqlite::types::ValueRef::Null;
    if !(in_time && lives) {
        return Ok(Presented::Late);
    }
    Ok(Presented::Good(seq, Box::new(row_granted(row)?)))
}

fn granted(sql: &Connection, id: &Digest, now: DateTime<Utc>) -> rusqlite::Result<Option<Granted>> {
    sql.prepare_cached(concat!(
        "SELECT ",
        grant_columns!(),
        ", ",
        session_columns!(),
        " FROM grants g
          JOIN sessions s ON s.sid = g.sid
          JOIN users u ON u.subject = s.subject
         WHERE g.id = ?1 AND g.redeemed_at IS NOT NULL AND g.revoked_at IS NULL
           AND g.expires_at > ?2 AND s.expires_at > ?2"
    ))?
    .query_row(params![id.as_bytes(), millis(now)], row_granted)
    .optional()
}

/// A grant and its session, from `grant_columns!` and `session_columns!`.
fn row_granted(row: &Row<'_>) -> rusqlite::Result<Granted> {
    Ok(Granted {
        grant: grant(row)?,
        session: column::session(row, GRANT_COLUMNS)?,
    })
}

fn grant(row: &Row<'_>) -> rusqlite::Result<Grant> {
    let challenge = match row.get::<_, Option<String>>(5)? {
        Some(text) => Some(
            CodeChallenge::parse(&text)
                .ok_or_else(|| column::unreadable(5, "not a code challenge"))?,
        ),
        None => None,
    };
    Ok(Grant {
        client_id: ClientId::new(row.get(0)?),
        sid: SessionId::from(row.get::<_, String>(1)?),
        scopes: Scopes::parse(row.get_ref(2)?.as_str()?),
        redirect_uri: row.get(3)?,
        nonce: row.get::<_, Option<String>>(4)?.map(Nonce::new),
        challenge,
        auth_time: column::time(row, 6)?,
    })
}
