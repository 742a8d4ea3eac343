//! Grants as rows: the SQL that grants and refresh tokens share.

use openidconnect::{ClientId, Nonce};
use rusqlite::{Connection, Row};

use super::column::{self, USER_COLUMNS};
use super::links::{self, LINK_COLUMNS};
use crate::crypto::identifiers::GrantId;
use crate::oauth::acr;
use crate::oauth::grant::{ActiveGrant, Grant};
use crate::oauth::pkce::CodeChallenge;
use crate::oauth::requested_claims::RequestedClaims;
use crate::oauth::scope::Scopes;
use crate::session::SessionId;

/// The columns of a grant `g` that [`grant`] reads.
macro_rules! grant_columns {
    () => {
        "g.client_id, g.sid, g.scope, g.redirect_uri, g.nonce, g.challenge, g.auth_time, \
         g.subject, g.refreshable, g.resources, g.claims, g.acr"
    };
}
const GRANT_COLUMNS: usize = 12;

/// The columns that [`read_active_grant`] reads.
macro_rules! granted_columns {
    () => {
        concat!(
            $crate::store::sqlite::grant_rows::grant_columns!(),
            ", ",
            $crate::store::sqlite::column::user_columns!(),
            ", ",
            $crate::store::sqlite::links::link_columns!("own"),
            ", ",
            $crate::store::sqlite::links::link_columns!("common")
        )
    };
}
pub(super) use {grant_columns, granted_columns};

/// The number of columns in `granted_columns!`.
pub(super) const GRANTED_COLUMNS: usize = GRANT_COLUMNS + USER_COLUMNS + 2 * LINK_COLUMNS;

/// A grant `g`, its user `u`, the user's link for the client (`own`) and for all clients (`common`),
/// and its session `s` while that is live. `?2` is the current time.
macro_rules! active_grant_joins {
    () => {
        concat!(
            " FROM grants g
          JOIN users u ON u.subject = g.subject
          LEFT JOIN links own ON own.subject = g.subject AND own.client_id = g.client_id
          LEFT JOIN links common ON common.subject = g.subject AND common.client_id = ''
          LEFT JOIN sessions s ON s.sid = g.sid AND",
            $crate::store::sqlite::column::session_is_live!()
        )
    };
}
pub(super) use active_grant_joins;

/// The condition under which a grant from `active_grant_joins!` is active: redeemed, neither expired nor
/// revoked, and offline or with a live session.
macro_rules! grant_is_active {
    () => {
        concat!(
            $crate::store::sqlite::column::is_alive!("g.redeemed_at", "g.expires_at"),
            "AND g.revoked_at IS NULL AND (s.sid IS NOT NULL OR g.offline = 1) "
        )
    };
}
pub(super) use grant_is_active;

/// Revokes a grant, in whatever state it is.
pub(super) fn revoke(sql: &Connection, id: &GrantId) -> rusqlite::Result<()> {
    sql.prepare_cached("UPDATE grants SET revoked_at = 0 WHERE id = ?1 AND revoked_at IS NULL")?
        .execute([id.as_bytes()])
        .map(drop)
}

/// Reads a grant, its user and the user's account from `granted_columns!`.
pub(super) fn read_active_grant(row: &Row<'_>) -> rusqlite::Result<ActiveGrant> {
    Ok(ActiveGrant {
        grant: grant(row)?,
        user: column::user(row, GRANT_COLUMNS)?,
        link: links::links(row, GRANT_COLUMNS + USER_COLUMNS)?,
    })
}

/// Splits a space-separated list. No URI contains a space.
fn split_list(list: &str) -> Vec<String> {
    list.split_whitespace().map(str::to_owned).collect()
}

fn grant(row: &Row<'_>) -> rusqlite::Result<Grant> {
    let challenge = match row.get::<_, Option<String>>(5)? {
        Some(text) => Some(
            CodeChallenge::parse(&text)
                .ok_or_else(|| column::invalid_column(5, "not a code challenge"))?,
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
        subject: column::subject(row, 7)?,
        issues_refresh_token: row.get(8)?,
        resources: split_list(row.get_ref(9)?.as_str()?),
        claims: RequestedClaims::parse(row.get_ref(10)?.as_str()?),
        acr: row.get_ref(11)?.as_str_or_null()?.and_then(acr::supported),
    })
}
