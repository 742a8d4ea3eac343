//! Sessions, handles and tickets in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use openidconnect::ClientId;

use super::PostgresStore;
use super::column::{
    self, digest, get, millis, session_columns, session_is_live, sid, stored, time,
};
use super::connection::{Command, Connection, Parameter, params};
use super::fault::Fault;
use super::session_ends::{BY_LOGOUT, OF_OTHERS, SessionEnds, end};
use crate::crypto::identifiers::{SessionHandleHash, TicketHash, UserAgentId};
use crate::login::sign_in::{ContinuedSession, SignIn, SignInOutcome, TicketClaim, TicketOwner};
use crate::session::{EndedSession, LogoutNotice, Session, SessionId, User};
use crate::store::{Sessions, StoreError};

#[async_trait]
impl Sessions for PostgresStore {
    async fn session(
        &self,
        handle: &SessionHandleHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreError> {
        let sql = concat!(
            "SELECT ",
            session_columns!(),
            " FROM handles h
              JOIN sessions s ON s.sid = h.sid
              JOIN users u ON u.subject = s.subject
             WHERE h.digest = $1 AND (h.expires_at IS NULL OR h.expires_at > $2) AND",
            session_is_live!()
        );
        self.find_session("find a session", sql, handle.as_bytes(), now)
            .await
    }

    async fn owner(
        &self,
        ticket: &TicketHash,
        now: DateTime<Utc>,
    ) -> Result<Option<TicketOwner>, StoreError> {
        self.run("find the owner of a ticket", |mut sql| async move {
            let row = sql
                .query_opt(
                    "SELECT browser, spent FROM tickets WHERE digest = $1 AND expires_at > $2",
                    &params![ticket.as_bytes().as_slice(), millis(now)],
                )
                .await?;
            let owner = row.map(|row| {
                Ok(TicketOwner {
                    holder: digest(&row, 0)?,
                    spent: get(&row, 1)?,
                })
            });
            owner.transpose()
        })
        .await
    }

    async fn opened_by(
        &self,
        ticket: &TicketHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreError> {
        let sql = concat!(
            "SELECT ",
            session_columns!(),
            " FROM tickets t
              JOIN sessions s ON s.sid = t.sid
              JOIN users u ON u.subject = s.subject
             WHERE t.digest = $1 AND t.expires_at > $2 AND",
            session_is_live!()
        );
        self.find_session("find what a ticket opened", sql, ticket.as_bytes(), now)
            .await
    }

    async fn sign_in(
        &self,
        request: SignIn,
        now: DateTime<Utc>,
    ) -> Result<SignInOutcome, StoreError> {
        let request = &request;
        self.run("sign a person in", |sql| sign_in(sql, request, now))
            .await
    }

    async fn claim(&self, claim: TicketClaim, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let claim = &claim;
        self.run("claim a ticket", |mut sql| async move {
            let values = ClaimValues::new(claim, now);
            let claimed = sql.query_opt(CLAIM, &values.parameters()).await?;
            Ok(claimed.is_some())
        })
        .await
    }

    async fn last_in(&self, user_agent: &UserAgentId) -> Result<Option<Session>, StoreError> {
        self.run("find the last session of a browser", |mut sql| async move {
            let row = sql
                .query_opt(
                    concat!(
                        "SELECT ",
                        session_columns!(),
                        " FROM sessions s
                          JOIN users u ON u.subject = s.subject
                         WHERE s.browser = $1
                         ORDER BY s.auth_time DESC LIMIT 1"
                    ),
                    &params![user_agent.as_bytes().as_slice()],
                )
                .await?;
            row.map(|row| column::session(&row, 0)).transpose()
        })
        .await
    }

    async fn session_clients(&self, sid: &SessionId) -> Result<Vec<ClientId>, StoreError> {
        self.run("find the apps of a session", |mut sql| async move {
            let rows = sql.query(BY_LOGOUT.1, &params![sid.as_str()]).await?;
            let clients = rows.iter().map(|row| get(row, 1).map(ClientId::new));
            let mut clients: Vec<ClientId> = clients.collect::<Result<_, _>>()?;
            clients.dedup();
            Ok(clients)
        })
        .await
    }

    async fn end(
        &self,
        sid: &SessionId,
        notice: &LogoutNotice,
    ) -> Result<Vec<EndedSession>, StoreError> {
        self.run("end a session", |sql| async move {
            end(sql, BY_LOGOUT, &params![sid.as_str()], notice).await
        })
        .await
    }
}

impl PostgresStore {
    /// The session that `sql` finds by a digest as `$1` and the time as `$2`.
    async fn find_session(
        &self,
        step: &'static str,
        sql: &'static str,
        digest: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreError> {
        self.run(step, |mut connection| async move {
            let parameters = params![digest.as_slice(), millis(now)];
            let row = connection.query_opt(sql, &parameters).await?;
            row.map(|row| column::session(&row, 0)).transpose()
        })
        .await
    }
}

/// Signs a person in, in two round trips. The first one locks what decides: the browser, the user and the ticket.
/// A refusal is rolled back.
async fn sign_in(
    mut sql: Connection,
    request: &SignIn,
    now: DateTime<Utc>,
) -> Result<SignInOutcome, Fault> {
    let session = &request.session;
    let identity = &session.user.identity;
    let browser = session.user_agent.as_bytes().as_slice();
    let lock = params![browser_lock(browser)];
    let user = params![
        identity.subject.as_str(),
        identity.name,
        identity.phone,
        millis(session.user.updated_at),
    ];
    let others = params![browser, identity.subject.as_str()];
    let claim = request
        .claim
        .as_ref()
        .map(|claim| ClaimValues::new(claim, now));
    let claim = claim.as_ref().map(ClaimValues::parameters);
    let mut commands: Vec<Command<'_>> = vec![
        ("SELECT id FROM locks WHERE id = $1 FOR UPDATE", &lock),
        (UPSERT_USER, &user),
        (OF_OTHERS.0, &others),
        (OF_OTHERS.1, &others),
    ];
    if let Some(claim) = &claim {
        commands.push((CLAIM, claim));
    }
    let found = sql.begin(&commands).await?;
    let Some(user) = found[1].first() else {
        return Err(Fault::row("a user was not stored"));
    };
    let refusal = if get(user, 1)? {
        Some(SignInOutcome::Left)
    } else if claim.is_some() && found[4].is_empty() {
        Some(SignInOutcome::TicketRefused)
    } else {
        None
    };
    if let Some(refusal) = refusal {
        sql.rollback().await?;
        return Ok(refusal);
    }
    let user = User {
        identity: identity.clone(),
        updated_at: time(user, 0)?,
    };
    let ends = SessionEnds::new(&found[2], &found[3], &request.logout_notice)?;
    let sid = begin_or_continue(&mut sql, request, &ends, now).await?;
    let session = Session {
        sid,
        user_agent: session.user_agent,
        user,
        auth_time: stored(session.auth_time),
        expires_at: stored(session.expires_at),
        ticket: session.ticket,
    };
    Ok(SignInOutcome::SignedIn(Box::new(session), ends.ended))
}

/// Ends the sessions of others, begins or continues the session, and commits.
async fn begin_or_continue(
    sql: &mut Connection,
    request: &SignIn,
    ends: &SessionEnds,
    now: DateTime<Utc>,
) -> Result<SessionId, Fault> {
    let session = &request.session;
    let (may_continue, current) = match &request.continues {
        ContinuedSession::None => (false, None),
        ContinuedSession::AnyInUserAgent => (true, None),
        ContinuedSession::Current(sid) => (true, Some(sid.as_str())),
    };
    let claimed = request
        .claim
        .as_ref()
        .map(|claim| claim.ticket.as_bytes().as_slice());
    let parameters = params![
        session.sid.as_str(),
        session.user.subject().as_str(),
        millis(session.auth_time),
        millis(session.expires_at),
        session.ticket.as_bytes().as_slice(),
        session.user_agent.as_bytes().as_slice(),
        current,
        millis(now),
        may_continue,
        request.handle.as_bytes().as_slice(),
        claimed,
    ];
    let retired = request.retired_handle.as_ref();
    let retired = retired.map(|(handle, until)| (handle.as_bytes().as_slice(), millis(*until)));
    let retired: Option<[Parameter<'_>; 2]> = retired
        .as_ref()
        .map(|(handle, until)| params![*handle, *until]);
    let ending = ends.values();
    let mut commands = ending.commands();
    if let Some(retired) = &retired {
        commands.push((RETIRE_HANDLE, retired));
    }
    commands.push((BEGIN_OR_CONTINUE, &parameters));
    let rows = sql.commit(&commands).await?;
    match rows.last().and_then(|rows| rows.first()) {
        Some(row) => sid(row, 0),
        None => Err(Fault::row("a session was not stored")),
    }
}

/// The row of `locks` for a browser. Two sign-ins in one browser thus follow each other, though they are of
/// different users.
fn browser_lock(browser: &[u8]) -> i64 {
    1 + i64::from(browser.first().copied().unwrap_or_default())
}

/// Stores the identity of a user, and locks the row until the sign-in is done: a person who leaves meanwhile is
/// marked after it, and loses the session.
const UPSERT_USER: &str = "
    INSERT INTO users (subject, name, phone, updated_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (subject) DO UPDATE SET
        name = excluded.name, phone = excluded.phone,
        updated_at = CASE WHEN users.name IS DISTINCT FROM excluded.name
                            OR users.phone IS DISTINCT FROM excluded.phone
            THEN excluded.updated_at ELSE users.updated_at END
    RETURNING updated_at, left_at IS NOT NULL";

/// Makes `$2` the owner of the ticket `$1`. An expired row counts as absent. Returns a row unless the ticket is
/// refused.
const CLAIM: &str = "
    INSERT INTO tickets (digest, browser, subject, spent, expires_at)
    VALUES ($1, $2, $3, false, $4)
    ON CONFLICT (digest) DO UPDATE SET
        browser = excluded.browser,
        subject = excluded.subject,
        spent = false,
        sid = CASE WHEN tickets.expires_at > $5 THEN tickets.sid END,
        expires_at = greatest(tickets.expires_at, excluded.expires_at)
    WHERE tickets.expires_at <= $5
       OR ((tickets.browser = excluded.browser OR tickets.browser = ANY($7))
           AND tickets.subject = excluded.subject AND NOT tickets.spent AND NOT $6)
    RETURNING 1";

/// The parameters of [`CLAIM`].
struct ClaimValues<'a> {
    claim: &'a TicketClaim,
    ticket: &'a [u8],
    holder: &'a [u8],
    subject: &'a str,
    remember_until: i64,
    now: i64,
    earlier: Vec<&'a [u8]>,
}

impl<'a> ClaimValues<'a> {
    fn new(claim: &'a TicketClaim, now: DateTime<Utc>) -> Self {
        let earlier = claim.earlier.iter();
        Self {
            claim,
            ticket: claim.ticket.as_bytes(),
            holder: claim.holder.as_bytes(),
            subject: claim.subject.as_str(),
            remember_until: millis(claim.remember_until),
            now: millis(now),
            earlier: earlier.map(|holder| holder.as_bytes().as_slice()).collect(),
        }
    }

    fn parameters(&self) -> [Parameter<'_>; 7] {
        params![
            self.ticket,
            self.holder,
            self.subject,
            self.remember_until,
            self.now,
            self.claim.once,
            self.earlier,
        ]
    }
}

/// Lets the handle `$1` expire at `$2`, unless it already expires earlier.
const RETIRE_HANDLE: &str = "
    UPDATE handles SET expires_at = $2
     WHERE digest = $1 AND (expires_at IS NULL OR expires_at > $2)";

/// Continues a session of the same user that has not expired, if `$9`, or begins one; then the handle `$10` and
/// the ticket `$11` open it. The browser `$6` finds the session even if the current one, `$7`, has ended
/// meanwhile. A session that a clock which was ahead has dated into the future gets its right time by this.
const BEGIN_OR_CONTINUE: &str = "
    WITH continued AS (
        UPDATE sessions SET auth_time = $3, expires_at = $4, ticket = $5, browser = $6
         WHERE sid = (SELECT c.sid FROM sessions c
                       WHERE (c.sid = $7 OR c.browser = $6) AND c.subject = $2
                         AND c.expires_at > $8 AND $9
                       ORDER BY c.sid = $7 DESC, c.auth_time DESC LIMIT 1)
        RETURNING sid),
    begun AS (
        INSERT INTO sessions (sid, subject, auth_time, expires_at, ticket, browser)
        SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS (SELECT 1 FROM continued)
        RETURNING sid),
    chosen AS (SELECT sid FROM continued UNION ALL SELECT sid FROM begun),
    handle AS (INSERT INTO handles (digest, sid) SELECT $10, sid FROM chosen),
    opened AS (UPDATE tickets SET sid = chosen.sid FROM chosen WHERE tickets.digest = $11)
    SELECT sid FROM chosen";
