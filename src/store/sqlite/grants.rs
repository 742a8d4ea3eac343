//! Authorization codes and grants in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::column::{millis, session_is_live};
use super::grant_rows::{
    GRANTED_COLUMNS, active_grant_joins, grant_is_active, granted_columns, read_active_grant,
    revoke,
};
use super::{SqliteStore, refresh_tokens};
use crate::crypto::identifiers::GrantId;
use crate::oauth::grant::{ActiveGrant, CODE_LIFETIME, Grant};
use crate::oauth::pkce::CodeChallenge;
use crate::past::LEEWAY;
use crate::store::{CodeRedemption, Grants, NewFamily, StoreError};

#[async_trait]
impl Grants for SqliteStore {
    async fn issue(
        &self,
        code: &GrantId,
        grant: Grant,
        code_expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let code = *code;
        self.write("issue a code", move |sql| {
            issue(sql, &code, &grant, code_expires_at)
        })
        .await
    }

    async fn issue_redeemed(
        &self,
        id: &GrantId,
        grant: Grant,
        family: NewFamily,
        retain_until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<ActiveGrant>, StoreError> {
        let id = *id;
        self.write("issue a grant", move |sql| {
            issue_redeemed(sql, &id, &grant, &family, retain_until, now)
        })
        .await
    }

    async fn redeem(
        &self,
        code: &GrantId,
        client: &ClientId,
        family: Option<NewFamily>,
        retain_until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<CodeRedemption, StoreError> {
        let (code, client) = (*code, client.clone());
        self.write("redeem a code", move |sql| {
            redeem_code(sql, (&code, &client), family.as_ref(), retain_until, now)
        })
        .await
    }

    async fn active_grant(
        &self,
        id: &GrantId,
        now: DateTime<Utc>,
    ) -> Result<Option<ActiveGrant>, StoreError> {
        self.read("find a grant", |sql| active_grant(sql, id, now))
    }

    async fn revoke(&self, id: &GrantId) -> Result<(), StoreError> {
        let id = *id;
        self.write("revoke a grant", move |sql| revoke(sql, &id))
            .await
    }
}

fn issue(
    sql: &Connection,
    code: &GrantId,
    grant: &Grant,
    code_expires_at: DateTime<Utc>,
) -> rusqlite::Result<()> {
    sql.prepare_cached(
        "INSERT INTO grants (id, client_id, sid, scope, redirect_uri, nonce, challenge, auth_time,
                             code_expires_at, expires_at, subject, offline, refreshable,
                             resources, claims, acr)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
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
        grant.subject.as_str(),
        grant.is_offline(),
        grant.issues_refresh_token,
        grant.resources.join(" "),
        grant.claims.to_string(),
        grant.acr,
    ])?;
    // A session that has ended meanwhile notifies no further clients, so none is added.
    sql.prepare_cached(
        "INSERT INTO session_clients (sid, client_id)
         SELECT sid, ?2 FROM sessions WHERE sid = ?1
         ON CONFLICT DO NOTHING",
    )?
    .execute([grant.sid.as_str(), grant.client_id.as_str()])
    .map(drop)
}

fn issue_redeemed(
    sql: &Connection,
    id: &GrantId,
    grant: &Grant,
    family: &NewFamily,
    retain_until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<ActiveGrant>> {
    let session_is_live = sql
        .prepare_cached(concat!(
            "SELECT 1 FROM sessions s WHERE s.sid = ?1 AND",
            session_is_live!()
        ))?
        .exists(params![grant.sid.as_str(), millis(now)])?;
    if !session_is_live {
        return Ok(None);
    }
    issue(sql, id, grant, now)?;
    let family = Some(family).filter(|_| grant.issues_refresh_token);
    mark_redeemed(sql, id, family, retain_until, now)?;
    // A missing row is an error, which undoes the insertion.
    let granted = active_grant(sql, id, now)?;
    granted
        .map(Some)
        .ok_or(rusqlite::Error::QueryReturnedNoRows)
}

fn redeem_code(
    sql: &Connection,
    (code, client): (&GrantId, &ClientId),
    family: Option<&NewFamily>,
    retain_until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> rusqlite::Result<CodeRedemption> {
    // A code that expires later was issued in the future.
    let latest = now + CODE_LIFETIME + LEEWAY;
    let state = sql
        .prepare_cached(concat!(
            "SELECT ",
            granted_columns!(),
            ", g.redeemed_at IS NOT NULL,
             g.code_expires_at > ?2 AND g.code_expires_at <= ?4 AND s.sid IS NOT NULL",
            active_grant_joins!(),
            "WHERE g.id = ?1 AND g.client_id = ?3 AND g.expires_at > ?2"
        ))?
        .query_row(
            params![
                code.as_bytes(),
                millis(now),
                client.as_str(),
                millis(latest)
            ],
            code_state,
        )
        .optional()?;
    match state {
        Some(CodeState::Redeemed(client)) => {
            revoke(sql, code)?;
            Ok(CodeRedemption::Reused(client))
        }
        Some(CodeState::Valid(grant)) => {
            let family = family.filter(|_| grant.grant.issues_refresh_token);
            mark_redeemed(sql, code, family, retain_until, now)?;
            Ok(CodeRedemption::Granted(grant))
        }
        Some(CodeState::Expired) | None => Ok(CodeRedemption::Unknown),
    }
}

fn mark_redeemed(
    sql: &Connection,
    id: &GrantId,
    family: Option<&NewFamily>,
    retain_until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> rusqlite::Result<()> {
    let retain_until = family.map_or(retain_until, |family| family.retain_until.max(retain_until));
    sql.prepare_cached("UPDATE grants SET redeemed_at = ?2, expires_at = ?3 WHERE id = ?1")?
        .execute(params![id.as_bytes(), millis(now), millis(retain_until)])?;
    match family {
        Some(family) => refresh_tokens::begin(sql, id, family, now),
        None => Ok(()),
    }
}

/// The state of a stored code when it is presented.
enum CodeState {
    /// Valid, and not redeemed before.
    Valid(Box<ActiveGrant>),
    /// Redeemed before, whatever the state of its session. Holds the client it was issued to.
    Redeemed(ClientId),
    /// Not redeemed before, but it has expired or its session is over.
    Expired,
}

fn code_state(row: &Row<'_>) -> rusqlite::Result<CodeState> {
    if row.get(GRANTED_COLUMNS)? {
        return Ok(CodeState::Redeemed(ClientId::new(row.get(0)?)));
    }
    if !row.get(GRANTED_COLUMNS + 1)? {
        return Ok(CodeState::Expired);
    }
    Ok(CodeState::Valid(Box::new(read_active_grant(row)?)))
}

fn active_grant(
    sql: &Connection,
    id: &GrantId,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<ActiveGrant>> {
    sql.prepare_cached(concat!(
        "SELECT ",
        granted_columns!(),
        active_grant_joins!(),
        "WHERE g.id = ?1 AND",
        grant_is_active!()
    ))?
    .query_row(params![id.as_bytes(), millis(now)], read_active_grant)
    .optional()
}
