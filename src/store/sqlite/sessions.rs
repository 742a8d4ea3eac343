//! Sessions, handles and tickets in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::column::{millis, session_columns, session_is_live, stored};
use super::history::has_left;
use super::logout_deliveries::queue;
use super::{SqliteStore, column};
use crate::crypto::identifiers::{HolderId, SessionHandleHash, TicketHash, UserAgentId};
use crate::login::sign_in::{ContinuedSession, SignIn, SignInOutcome, TicketClaim, TicketOwner};
use crate::session::{EndedSession, LogoutNotice, Session, SessionId, User};
use crate::store::{Sessions, StoreError};

#[async_trait]
impl Sessions for SqliteStore {
    async fn session(
        &self,
        handle: &SessionHandleHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreError> {
        self.read("find a session", |sql| session(sql, handle, now))
    }

    async fn owner(
        &self,
        ticket: &TicketHash,
        now: DateTime<Utc>,
    ) -> Result<Option<TicketOwner>, StoreError> {
        self.read("find who owns a ticket", |sql| owner(sql, ticket, now))
    }

    async fn opened_by(
        &self,
        ticket: &TicketHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreError> {
        self.read("find what a ticket opened", |sql| {
            sql.prepare_cached(concat!(
                "SELECT ",
                session_columns!(),
                " FROM tickets t
                  JOIN sessions s ON s.sid = t.sid
                  JOIN users u ON u.subject = s.subject
                 WHERE t.digest = ?1 AND t.expires_at > ?2 AND",
                session_is_live!()
            ))?
            .query_row(params![ticket.as_bytes(), millis(now)], |row| {
                column::session(row, 0)
            })
            .optional()
        })
    }

    async fn sign_in(
        &self,
        request: SignIn,
        now: DateTime<Utc>,
    ) -> Result<SignInOutcome, StoreError> {
        self.write("sign somebody in", move |sql| sign_in(sql, &request, now))
            .await
    }

    async fn claim(&self, claim: TicketClaim, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.write("claim a ticket", move |sql| claim_ticket(sql, &claim, now))
            .await
    }

    async fn last_in(&self, user_agent: &UserAgentId) -> Result<Option<Session>, StoreError> {
        self.read("find the last session of a browser", |sql| {
            sql.prepare_cached(concat!(
                "SELECT ",
                session_columns!(),
                " FROM sessions s
                  JOIN users u ON u.subject = s.subject
                 WHERE s.browser = ?1
                 ORDER BY s.auth_time DESC LIMIT 1"
            ))?
            .query_row([user_agent.as_bytes()], |row| column::session(row, 0))
            .optional()
        })
    }

    async fn session_clients(&self, sid: &SessionId) -> Result<Vec<ClientId>, StoreError> {
        self.read("find the apps of a session", |sql| {
            let mut clients = ended_with(sql, sid)?
                .iter()
                .map(|sid| clients(sql, sid))
                .collect::<rusqlite::Result<Vec<_>>>()?
                .concat();
            clients.sort_by(|a, b| a.as_str().cmp(b.as_str()));
            clients.dedup();
            Ok(clients)
        })
    }

    async fn end(
        &self,
        sid: &SessionId,
        notice: &LogoutNotice,
    ) -> Result<Vec<EndedSession>, StoreError> {
        let (sid, notice) = (sid.clone(), notice.clone());
        self.write("end a session", move |sql| {
            end_all(sql, &ended_with(sql, &sid)?, &notice)
        })
        .await
    }
}

fn session(
    sql: &Connection,
    handle: &SessionHandleHash,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<Session>> {
    sql.prepare_cached(concat!(
        "SELECT ",
        session_columns!(),
        " FROM handles h
          JOIN sessions s ON s.sid = h.sid
          JOIN users u ON u.subject = s.subject
         WHERE h.digest = ?1 AND (h.expires_at IS NULL OR h.expires_at > ?2) AND",
        session_is_live!()
    ))?
    .query_row(params![handle.as_bytes(), millis(now)], |row| {
        column::session(row, 0)
    })
    .optional()
}

fn owner(
    sql: &Connection,
    ticket: &TicketHash,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<TicketOwner>> {
    sql.prepare_cached("SELECT browser, spent FROM tickets WHERE digest = ?1 AND expires_at > ?2")?
        .query_row(params![ticket.as_bytes(), millis(now)], |row| {
            Ok(TicketOwner {
                holder: column::digest(row, 0)?,
                spent: row.get(1)?,
            })
        })
        .optional()
}

fn sign_in(
    sql: &Connection,
    request: &SignIn,
    now: DateTime<Utc>,
) -> rusqlite::Result<SignInOutcome> {
    if has_left(sql, request.session.user.subject().as_str())? {
        return Ok(SignInOutcome::Left);
    }
    if let Some(claim) = &request.claim
        && !claim_ticket(sql, claim, now)?
    {
        return Ok(SignInOutcome::TicketRefused);
    }
    let ended = end_sessions_of_others(sql, request)?;
    let user = upsert_user(sql, &request.session.user)?;
    let sid = match continue_session(sql, request, now)? {
        Some(sid) => sid,
        None => insert_session(sql, &request.session)?,
    };
    sql.prepare_cached("INSERT INTO handles (digest, sid) VALUES (?1, ?2)")?
        .execute(params![request.handle.as_bytes(), sid.as_str()])?;
    if let Some((handle, until)) = &request.retired_handle {
        retire_handle(sql, handle, *until)?;
    }
    if let Some(claim) = &request.claim {
        sql.prepare_cached("UPDATE tickets SET sid = ?2 WHERE digest = ?1")?
            .execute(params![claim.ticket.as_bytes(), sid.as_str()])?;
    }
    let session = Session {
        sid,
        user_agent: request.session.user_agent,
        user,
        auth_time: stored(request.session.auth_time),
        expires_at: stored(request.session.expires_at),
        ticket: request.session.ticket,
    };
    Ok(SignInOutcome::SignedIn(Box::new(session), ended))
}

/// Makes `claim.holder` the owner of the ticket. An expired row counts as absent. `false` when the
/// ticket is refused.
fn claim_ticket(
    sql: &Connection,
    claim: &TicketClaim,
    now: DateTime<Utc>,
) -> rusqlite::Result<bool> {
    let mut earlier = claim.earlier.iter().map(HolderId::as_bytes);
    let changed = sql
        .prepare_cached(
            "INSERT INTO tickets (digest, browser, subject, spent, expires_at)
             VALUES (?1, ?2, ?3, 0, ?4)
             ON CONFLICT (digest) DO UPDATE SET
                 browser = excluded.browser,
                 subject = excluded.subject,
                 spent = 0,
                 sid = CASE WHEN tickets.expires_at > ?5 THEN tickets.sid END,
                 expires_at = CASE WHEN tickets.expires_at > excluded.expires_at
                     THEN tickets.expires_at ELSE excluded.expires_at END
             WHERE tickets.expires_at <= ?5
                OR (tickets.browser IN (excluded.browser, ?7, ?8, ?9)
                    AND tickets.subject = excluded.subject AND tickets.spent = 0 AND ?6 = 0)",
        )?
        .execute(params![
            claim.ticket.as_bytes(),
            claim.holder.as_bytes(),
            claim.subject.as_str(),
            millis(claim.remember_until),
            millis(now),
            claim.once,
            earlier.next(),
            earlier.next(),
            earlier.next(),
        ])?;
    Ok(changed == 1)
}

/// Ends every session of other users in the browser.
fn end_sessions_of_others(
    sql: &Connection,
    request: &SignIn,
) -> rusqlite::Result<Vec<EndedSession>> {
    let (browser, subject) = (&request.session.user_agent, request.session.user.subject());
    let others: Vec<SessionId> = sql
        .prepare_cached("SELECT sid FROM sessions WHERE browser = ?1 AND subject <> ?2")?
        .query_map(params![browser.as_bytes(), subject.as_str()], |row| {
            row.get(0).map(|sid: String| SessionId::from(sid))
        })?
        .collect::<Result<_, _>>()?;
    end_all(sql, &others, &request.logout_notice)
}

/// The session `sid` and those that a logout ends with it, if there is such a session.
fn ended_with(sql: &Connection, sid: &SessionId) -> rusqlite::Result<Vec<SessionId>> {
    sql.prepare_cached(
        "SELECT other.sid FROM sessions s
         JOIN sessions other ON other.browser = s.browser AND other.subject = s.subject
             AND (other.sid = s.sid OR other.auth_time < s.auth_time)
         WHERE s.sid = ?1 ORDER BY other.sid = s.sid DESC, other.auth_time DESC",
    )?
    .query_map([sid.as_str()], |row| {
        row.get(0).map(|sid: String| SessionId::from(sid))
    })?
    .collect()
}

/// Ends these sessions. Those that are over already are left out of the result.
pub(super) fn end_all(
    sql: &Connection,
    sids: &[SessionId],
    notice: &LogoutNotice,
) -> rusqlite::Result<Vec<EndedSession>> {
    let ended = sids.iter().map(|sid| end(sql, sid, notice));
    Ok(ended
        .collect::<rusqlite::Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect())
}

/// Ends a session. Offline grants are revoked here; the others are inactive without their session.
pub(super) fn end(
    sql: &Connection,
    sid: &SessionId,
    notice: &LogoutNotice,
) -> rusqlite::Result<Option<EndedSession>> {
    let sid_text = sid.as_str();
    let subject = sql
        .prepare_cached("SELECT subject FROM sessions WHERE sid = ?1")?
        .query_row([sid_text], |row| column::subject(row, 0))
        .optional()?;
    let Some(subject) = subject else {
        return Ok(None);
    };
    let clients = clients(sql, sid)?;
    for step in [
        "UPDATE tickets SET spent = 1 WHERE sid = ?1",
        "UPDATE grants SET revoked_at = 0 WHERE sid = ?1 AND offline = 1",
        "DELETE FROM session_clients WHERE sid = ?1",
        "DELETE FROM handles WHERE sid = ?1",
        "DELETE FROM sessions WHERE sid = ?1",
    ] {
        sql.prepare_cached(step)?.execute([sid_text])?;
    }
    let leased = queue(sql, notice.deliveries(sid, &subject, &clients))?;
    Ok(Some(EndedSession {
        sid: sid.clone(),
        subject,
        clients,
        leased,
    }))
}

/// The clients that received a grant in the session.
pub(super) fn clients(sql: &Connection, sid: &SessionId) -> rusqlite::Result<Vec<ClientId>> {
    sql.prepare_cached("SELECT client_id FROM session_clients WHERE sid = ?1 ORDER BY client_id")?
        .query_map([sid.as_str()], |row| row.get(0).map(ClientId::new))?
        .collect()
}

/// Stores the identity of `user`. Returns the user as stored.
fn upsert_user(sql: &Connection, user: &User) -> rusqlite::Result<User> {
    let identity = &user.identity;
    let changed = sql
        .prepare_cached(
            "INSERT INTO users (subject, name, phone, updated_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (subject) DO UPDATE SET
                 name = excluded.name, phone = excluded.phone, updated_at = excluded.updated_at
             WHERE users.name IS DISTINCT FROM excluded.name
                OR users.phone IS DISTINCT FROM excluded.phone",
        )?
        .execute(params![
            identity.subject.as_str(),
            identity.name,
            identity.phone,
            millis(user.updated_at),
        ])?;
    let updated_at = if changed == 1 {
        stored(user.updated_at)
    } else {
        sql.prepare_cached("SELECT updated_at FROM users WHERE subject = ?1")?
            .query_row([identity.subject.as_str()], |row| column::time(row, 0))?
    };
    Ok(User {
        identity: identity.clone(),
        updated_at,
    })
}

/// Continues a session of the same user that has not expired. `None` when there is none to continue.
/// A session that a clock which was ahead has dated into the future gets its right time by this.
fn continue_session(
    sql: &Connection,
    request: &SignIn,
    now: DateTime<Utc>,
) -> rusqlite::Result<Option<SessionId>> {
    let sid = match &request.continues {
        ContinuedSession::None => return Ok(None),
        ContinuedSession::AnyInUserAgent => None,
        ContinuedSession::Current(sid) => Some(sid.as_str()),
    };
    let session = &request.session;
    // `user_agent` finds the session even if the current one has ended meanwhile.
    sql.prepare_cached(
        "UPDATE sessions SET auth_time = ?4, expires_at = ?5, ticket = ?6, browser = ?3
         WHERE sid = (SELECT sid FROM sessions
                      WHERE (sid = ?1 OR browser = ?3) AND subject = ?2 AND expires_at > ?7
                      ORDER BY sid = ?1 DESC, auth_time DESC LIMIT 1)
         RETURNING sid",
    )?
    .query_row(
        params![
            sid,
            session.user.subject().as_str(),
            session.user_agent.as_bytes(),
            millis(session.auth_time),
            millis(session.expires_at),
            session.ticket.as_bytes(),
            millis(now),
        ],
        |row| row.get(0).map(|sid: String| SessionId::from(sid)),
    )
    .optional()
}

fn insert_session(sql: &Connection, session: &Session) -> rusqlite::Result<SessionId> {
    sql.prepare_cached(
        "INSERT INTO sessions (sid, subject, auth_time, expires_at, ticket, browser)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        session.sid.as_str(),
        session.user.subject().as_str(),
        millis(session.auth_time),
        millis(session.expires_at),
        session.ticket.as_bytes(),
        session.user_agent.as_bytes(),
    ])?;
    Ok(session.sid.clone())
}

/// Lets `handle` expire at `until`, unless it already expires earlier.
fn retire_handle(
    sql: &Connection,
    handle: &SessionHandleHash,
    until: DateTime<Utc>,
) -> rusqlite::Result<()> {
    sql.prepare_cached(
        "UPDATE handles SET expires_at = ?2
         WHERE digest = ?1 AND (expires_at IS NULL OR expires_at > ?2)",
    )?
    .execute(params![handle.as_bytes(), millis(until)])
    .map(drop)
}
