//! Grants as rows: what grants and refresh tokens read alike.

use openidconnect::{ClientId, Nonce};
use rusqlite::{Connection, Row};

use super::column::{self, USER_COLUMNS};
use super::links::{self, LINK_COLUMNS};
use crate::crypto::identifiers::GrantId;
use crate::oauth::acr;
use crate::oauth::claims_request::RequestedClaims;
use crate::oauth::grant::{ActiveGrant, Grant};
use crate::oauth::pkce::CodeChallenge;
use crate::oauth::scope::Scopes;
use crate::session::SessionId;

/// The columns that [`grant`] reads, of a grant `g`.
macro_rules! grant_columns {
    () => {
        "g.client_id, g.sid, g.scope, g.redirect_uri, g.nonce, g.challenge, g.auth_time, \
         g.subject, g.refreshable, g.resources, g.claims, g.acr"
    };
}
const GRANT_COLUMNS: usize = 12;

/// The columns of [`row_granted`].
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

/// How many they are.
pub(super) const GRANTED_COLUMNS: usize = GRANT_COLUMNS + USER_COLUMNS + 2 * LINK_COLUMNS;

/// A grant `g`, its user `u`, their accounts in the client and for all of them, and, while it lives,
/// its session `s`; `?2` is the time.
macro_rules! grants_alive {
    () => {
        " FROM grants g
          JOIN users u ON u.subject = g.subject
          LEFT JOIN links own ON own.subject = g.subject AND own.client_id = g.client_id
          LEFT JOIN links common ON common.subject = g.subject AND common.client_id = ''
          LEFT JOIN sessions s ON s.sid = g.sid AND s.expires_at > ?2 "
    };
}
pub(super) use grants_alive;

/// Whether such a grant stands.
macro_rules! stands {
    () => {
        " g.redeemed_at IS NOT NULL AND g.revoked_at IS NULL AND g.expires_at > ?2
          AND (s.sid IS NOT NULL OR g.offline = 1) "
    };
}
pub(super) use stands;

/// Revokes a grant, whatever it is.
pub(super) fn revoke(sql: &Connection, id: &GrantId) -> rusqlite::Result<()> {
    sql.prepare_cached("UPDATE grants SET revoked_at = 0 WHERE id = ?1 AND revoked_at IS NULL")?
        .execute([id.as_bytes()])
        .map(drop)
}

/// A grant, its user and their account, from `granted_columns!`.
pub(super) fn row_granted(row: &Row<'_>) -> rusqlite::Result<ActiveGrant> {
    Ok(ActiveGrant {
        grant: grant(row)?,
        user: column::user(row, GRANT_COLUMNS)?,
        link: links::links(row, GRANT_COLUMNS + USER_COLUMNS)?,
    })
}

/// A space-separated list; no URI has a space in it.
fn words(list: &str) -> Vec<String> {
    list.split_whitespace().map(str::to_owned).collect()
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
        subject: column::subject(row, 7)?,
        refreshable: row.get(8)?,
        resources: words(row.get_ref(9)?.as_str()?),
        claims: RequestedClaims::parse(row.get_ref(10)?.as_str()?),
        acr: row.get_ref(11)?.as_str_or_null()?.and_then(acr::supported),
    })
}
