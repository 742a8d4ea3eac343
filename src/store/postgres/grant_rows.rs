//! Grants as rows: the SQL that grants and refresh tokens share.

use openidconnect::{ClientId, Nonce};
use tokio_postgres::Row;

use super::column::{self, USER_COLUMNS, get};
use super::fault::Fault;
use super::links::{self, LINK_COLUMNS};
use crate::oauth::acr;
use crate::oauth::grant::{ActiveGrant, Grant};
use crate::oauth::pkce::CodeChallenge;
use crate::oauth::requested_claims::RequestedClaims;
use crate::oauth::scope::Scopes;

/// The columns of a grant `g` that [`grant`] reads.
macro_rules! grant_columns {
    () => {
        "g.client_id, g.sid, g.scope, g.redirect_uri, g.nonce, g.challenge, g.auth_time, \
         g.subject, g.refreshable, g.resources, g.claims, g.acr"
    };
}
const GRANT_COLUMNS: usize = 12;

/// The columns that [`active_grant`] reads.
macro_rules! granted_columns {
    () => {
        concat!(
            $crate::store::postgres::grant_rows::grant_columns!(),
            ", ",
            $crate::store::postgres::column::user_columns!(),
            ", ",
            $crate::store::postgres::links::link_columns!("own"),
            ", ",
            $crate::store::postgres::links::link_columns!("common")
        )
    };
}
pub(super) use {grant_columns, granted_columns};

/// The number of columns in `granted_columns!`.
pub(super) const GRANTED_COLUMNS: usize = GRANT_COLUMNS + USER_COLUMNS + 2 * LINK_COLUMNS;

/// What joins a grant `g`: its user `u`, the user's link for the client (`own`) and for all clients (`common`),
/// and its session `s` while that is live. `$2` is the current time.
macro_rules! active_grant_joins {
    () => {
        concat!(
            " JOIN users u ON u.subject = g.subject
          LEFT JOIN links own ON own.subject = g.subject AND own.client_id = g.client_id
          LEFT JOIN links common ON common.subject = g.subject AND common.client_id = ''
          LEFT JOIN sessions s ON s.sid = g.sid AND",
            $crate::store::postgres::column::session_is_live!()
        )
    };
}
pub(super) use active_grant_joins;

/// The condition under which a grant with `active_grant_joins!` is active: redeemed, neither expired nor
/// revoked, and offline or with a live session.
macro_rules! grant_is_active {
    () => {
        concat!(
            $crate::store::postgres::column::is_alive!("g.redeemed_at", "g.expires_at"),
            "AND g.revoked_at IS NULL AND (s.sid IS NOT NULL OR g.offline) "
        )
    };
}
pub(super) use grant_is_active;

/// Revokes the grant `$1`, in whatever state it is.
pub(super) const REVOKE: &str =
    "UPDATE grants SET revoked_at = 0 WHERE id = $1 AND revoked_at IS NULL";

/// Reads a grant, its user and the user's account from `granted_columns!`.
pub(super) fn active_grant(row: &Row) -> Result<ActiveGrant, Fault> {
    Ok(ActiveGrant {
        grant: grant(row)?,
        user: column::user(row, GRANT_COLUMNS)?,
        link: links::links(row, GRANT_COLUMNS + USER_COLUMNS)?,
    })
}

fn grant(row: &Row) -> Result<Grant, Fault> {
    let challenge = get::<Option<&str>>(row, 5)?.map(|text| {
        CodeChallenge::parse(text).ok_or_else(|| Fault::row("a code challenge is malformed"))
    });
    Ok(Grant {
        client_id: ClientId::new(get(row, 0)?),
        sid: column::sid(row, 1)?,
        scopes: Scopes::parse(get(row, 2)?),
        redirect_uri: get(row, 3)?,
        nonce: get::<Option<String>>(row, 4)?.map(Nonce::new),
        challenge: challenge.transpose()?,
        auth_time: column::time(row, 6)?,
        subject: column::subject(row, 7)?,
        issues_refresh_token: get(row, 8)?,
        // No URI contains a space.
        resources: get::<&str>(row, 9)?
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        claims: RequestedClaims::parse(get(row, 10)?),
        acr: get::<Option<&str>>(row, 11)?.and_then(acr::supported),
    })
}
