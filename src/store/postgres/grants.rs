//! Authorization codes and grants in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use openidconnect::ClientId;

use super::PostgresStore;
use super::column::{get, millis, session_is_live};
use super::connection::{Parameter, params};
use super::fault::Fault;
use super::grant_rows::{
    GRANTED_COLUMNS, REVOKE, active_grant, active_grant_joins, grant_is_active, granted_columns,
};
use crate::crypto::identifiers::GrantId;
use crate::oauth::grant::{ActiveGrant, CODE_LIFETIME, Grant};
use crate::oauth::pkce::CodeChallenge;
use crate::past::LEEWAY;
use crate::store::{CodeRedemption, Grants, NewFamily, StoreError};

#[async_trait]
impl Grants for PostgresStore {
    async fn issue(
        &self,
        code: &GrantId,
        grant: Grant,
        code_expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let values = &GrantValues::new(code, &grant, code_expires_at);
        self.run("issue a code", |mut sql| async move {
            sql.query(ISSUE, &values.parameters()).await.map(drop)
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
        let grant = &grant;
        self.run("issue a grant", |mut sql| async move {
            let live = params![grant.sid.as_str(), millis(now)];
            let found = sql.begin(&[(LOCK_LIVE_SESSION, &live)]).await?;
            if found[0].is_empty() {
                sql.rollback().await?;
                return Ok(None);
            }
            let values = GrantValues::new(id, grant, now);
            let redemption = RedemptionValues::new(id, Some(&family), retain_until, now);
            let read = params![id.as_bytes().as_slice(), millis(now)];
            let rows = sql
                .commit(&[
                    (ISSUE, &values.parameters()),
                    (MARK_REDEEMED, &redemption.parameters()),
                    (ACTIVE_GRANT, &read),
                ])
                .await?;
            match rows[2].first() {
                Some(row) => active_grant(row).map(Some),
                None => Err(Fault::row("a grant was not stored")),
            }
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
        // A code that expires later was issued in the future.
        let latest = now + CODE_LIFETIME + LEEWAY;
        let redemption = &RedemptionValues::new(code, family.as_ref(), retain_until, now);
        self.run("redeem a code", |mut sql| async move {
            let issued_to = params![client.as_str(), millis(latest)];
            let parameters = [&redemption.parameters()[..], &issued_to].concat();
            let Some(row) = sql.query_opt(REDEEM, &parameters).await? else {
                return Ok(CodeRedemption::Unknown);
            };
            if get(&row, GRANTED_COLUMNS)? {
                sql.query(REVOKE, &params![code.as_bytes().as_slice()])
                    .await?;
                return Ok(CodeRedemption::Reused(ClientId::new(get(&row, 0)?)));
            }
            if !get(&row, GRANTED_COLUMNS + 1)? {
                return Ok(CodeRedemption::Unknown);
            }
            Ok(CodeRedemption::Granted(Box::new(active_grant(&row)?)))
        })
        .await
    }

    async fn active_grant(
        &self,
        id: &GrantId,
        now: DateTime<Utc>,
    ) -> Result<Option<ActiveGrant>, StoreError> {
        self.run("find a grant", |mut sql| async move {
            let parameters = params![id.as_bytes().as_slice(), millis(now)];
            let row = sql.query_opt(ACTIVE_GRANT, &parameters).await?;
            row.map(|row| active_grant(&row)).transpose()
        })
        .await
    }

    async fn revoke(&self, id: &GrantId) -> Result<(), StoreError> {
        self.run("revoke a grant", |mut sql| async move {
            let parameters = params![id.as_bytes().as_slice()];
            sql.query(REVOKE, &parameters).await.map(drop)
        })
        .await
    }
}

/// Inserts a grant, and its client into those of the session. A session that has ended meanwhile notifies no
/// further clients, so none is added. One that is ending is waited for, and one that is not waits for this.
const ISSUE: &str = "
    WITH issued AS (
        INSERT INTO grants (id, client_id, sid, scope, redirect_uri, nonce, challenge, auth_time,
                            code_expires_at, expires_at, subject, offline, refreshable,
                            resources, claims, acr)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11, $12, $13, $14, $15)),
    live AS (SELECT sid FROM sessions WHERE sid = $3 FOR KEY SHARE)
    INSERT INTO session_clients (sid, client_id)
    SELECT sid, $2 FROM live
    ON CONFLICT DO NOTHING";

/// Finds the live session `$1`, which cannot end before the transaction does.
const LOCK_LIVE_SESSION: &str = concat!(
    "SELECT 1 FROM sessions s WHERE s.sid = $1 AND",
    session_is_live!(),
    "FOR KEY SHARE"
);

/// The parts of a statement that redeem the grant in `found` if `$condition`.
macro_rules! redeemed {
    ($condition:literal) => {
        concat!(
            "marked AS (
                 UPDATE grants SET redeemed_at = $2,
                        expires_at = CASE WHEN found.refreshable AND $4::bytea IS NOT NULL
                            THEN $7 ELSE $3 END
                   FROM found WHERE grants.id = $1 AND ",
            $condition,
            "),
             begun AS (
                 INSERT INTO refresh_families (family, grant_id, current, rotated_at, expires_at)
                 SELECT $4, $1, $5, $2, $6 FROM found
                  WHERE found.refreshable AND $4::bytea IS NOT NULL AND ",
            $condition,
            ")
             SELECT * FROM found"
        )
    };
}
/// Marks the grant `$1` as redeemed at `$2` and retained until `$3`, and begins its family `$4` if it is
/// refreshable and has one.
const MARK_REDEEMED: &str = concat!(
    "WITH found AS (SELECT id, refreshable FROM grants WHERE id = $1), ",
    redeemed!("true")
);

/// Redeems the code `$1` of the client `$8`. Of concurrent callers, one finds it not redeemed yet: the others wait
/// for its lock, and then see that it is.
const REDEEM: &str = concat!(
    "WITH found AS MATERIALIZED (
        SELECT ",
    granted_columns!(),
    ", g.redeemed_at IS NOT NULL AS redeemed,
       g.code_expires_at > $2 AND g.code_expires_at <= $9 AND s.sid IS NOT NULL
           AND g.revoked_at IS NULL AS valid
        FROM grants g",
    active_grant_joins!(),
    " WHERE g.id = $1 AND g.client_id = $8 AND g.expires_at > $2
       FOR NO KEY UPDATE OF g), ",
    redeemed!("NOT found.redeemed AND found.valid")
);

/// The active grant `$1`.
const ACTIVE_GRANT: &str = concat!(
    "SELECT ",
    granted_columns!(),
    " FROM grants g",
    active_grant_joins!(),
    "WHERE g.id = $1 AND",
    grant_is_active!()
);

/// The parameters of [`ISSUE`].
struct GrantValues<'a> {
    id: &'a [u8],
    client_id: &'a str,
    sid: &'a str,
    scope: String,
    redirect_uri: &'a str,
    nonce: Option<&'a str>,
    challenge: Option<&'a str>,
    auth_time: i64,
    code_expires_at: i64,
    subject: &'a str,
    offline: bool,
    refreshable: bool,
    resources: String,
    claims: String,
    acr: Option<&'a str>,
}

impl<'a> GrantValues<'a> {
    fn new(id: &'a GrantId, grant: &'a Grant, code_expires_at: DateTime<Utc>) -> Self {
        Self {
            id: id.as_bytes(),
            client_id: grant.client_id.as_str(),
            sid: grant.sid.as_str(),
            scope: grant.scopes.to_string(),
            redirect_uri: &grant.redirect_uri,
            nonce: grant.nonce.as_ref().map(|nonce| nonce.secret().as_str()),
            challenge: grant.challenge.as_ref().map(CodeChallenge::as_str),
            auth_time: millis(grant.auth_time),
            code_expires_at: millis(code_expires_at),
            subject: grant.subject.as_str(),
            offline: grant.is_offline(),
            refreshable: grant.issues_refresh_token,
            resources: grant.resources.join(" "),
            claims: grant.claims.to_string(),
            acr: grant.acr,
        }
    }

    fn parameters(&self) -> [Parameter<'_>; 15] {
        params![
            self.id,
            self.client_id,
            self.sid,
            self.scope,
            self.redirect_uri,
            self.nonce,
            self.challenge,
            self.auth_time,
            self.code_expires_at,
            self.subject,
            self.offline,
            self.refreshable,
            self.resources,
            self.claims,
            self.acr,
        ]
    }
}

/// The parameters that [`MARK_REDEEMED`] and [`REDEEM`] share: how a grant is redeemed, and its family begun.
struct RedemptionValues<'a> {
    id: &'a [u8],
    now: i64,
    retain_until: i64,
    family: Option<&'a [u8]>,
    token: Option<&'a [u8]>,
    token_expires_at: Option<i64>,
    /// How long the grant is retained if it has a family.
    retain_family_until: i64,
}

impl<'a> RedemptionValues<'a> {
    fn new(
        id: &'a GrantId,
        family: Option<&'a NewFamily>,
        retain_until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Self {
        let retain_family_until =
            family.map_or(retain_until, |family| family.retain_until.max(retain_until));
        Self {
            id: id.as_bytes(),
            now: millis(now),
            retain_until: millis(retain_until),
            family: family.map(|family| family.family.as_bytes().as_slice()),
            token: family.map(|family| family.token.as_bytes().as_slice()),
            token_expires_at: family.map(|family| millis(family.expires_at)),
            retain_family_until: millis(retain_family_until),
        }
    }

    fn parameters(&self) -> [Parameter<'_>; 7] {
        params![
            self.id,
            self.now,
            self.retain_until,
            self.family,
            self.token,
            self.token_expires_at,
            self.retain_family_until,
        ]
    }
}
