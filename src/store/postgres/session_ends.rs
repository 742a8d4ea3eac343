//! The end of sessions in SQL.
//!
//! The sessions are locked first. A grant that is being issued locks its session too, so it either counts as
//! one of the session when that ends, or finds no session any more.

use openidconnect::ClientId;
use tokio_postgres::Row;

use super::column::{get, millis, sid, stored, subject};
use super::connection::{Command, Connection, Parameter, params};
use super::fault::Fault;
use super::skew::{by_database_clock, clock};
use crate::session::{Delivery, EndedSession, LogoutNotice};

/// The sessions that end, as a subquery `$which` of their `sid`s: the statement that locks them, and the one
/// that reads their clients.
macro_rules! ending {
    ($which:literal) => {
        (
            concat!(
                "SELECT s.sid, s.subject FROM sessions s WHERE s.sid IN (",
                $which,
                ") ORDER BY s.auth_time DESC, s.sid FOR UPDATE"
            ),
            concat!(
                "SELECT c.sid, c.client_id FROM session_clients c WHERE c.sid IN (",
                $which,
                ") ORDER BY c.client_id"
            ),
        )
    };
}

/// Sessions that are about to end, by a parameter or two.
pub(super) type Ending = (&'static str, &'static str);

/// The session `$1`, and those that a logout ends with it.
pub(super) const BY_LOGOUT: Ending = ending!(
    "SELECT other.sid FROM sessions named
       JOIN sessions other ON other.browser = named.browser AND other.subject = named.subject
            AND (other.sid = named.sid OR other.auth_time < named.auth_time)
      WHERE named.sid = $1"
);

/// The sessions of other users than `$2` in the browser `$1`.
pub(super) const OF_OTHERS: Ending =
    ending!("SELECT b.sid FROM sessions b WHERE b.browser = $1 AND b.subject <> $2");

/// The sessions of the users in `$1`.
pub(super) const OF_USERS: Ending =
    ending!("SELECT p.sid FROM sessions p WHERE p.subject = ANY($1)");

/// The sessions in `$1`.
pub(super) const NAMED: Ending = ending!("SELECT unnest($1)");

/// Ends sessions in a transaction of their own. The session `first` is first in the result.
pub(super) async fn end(
    mut connection: Connection,
    ending: Ending,
    parameters: &[Parameter<'_>],
    notice: &LogoutNotice,
) -> Result<Vec<EndedSession>, Fault> {
    let locked = connection
        .begin(&[(ending.0, parameters), (ending.1, parameters)])
        .await?;
    let ends = SessionEnds::new(&locked[0], &locked[1], notice)?;
    let values = ends.values();
    connection.commit(&values.commands()).await?;
    drop(values);
    Ok(ends.ended)
}

/// Sessions that are locked, and the deliveries that their end queues.
pub(super) struct SessionEnds {
    sids: Vec<String>,
    queued_sids: Vec<String>,
    clients: Vec<String>,
    subjects: Vec<String>,
    attempts: Vec<i64>,
    due_at: Vec<i64>,
    expires_at: Vec<i64>,
    clock: i64,
    /// What the end of the sessions comes to.
    pub(super) ended: Vec<EndedSession>,
}

impl SessionEnds {
    /// The end of the sessions that the first statement of an [`Ending`] locked, with the clients that the
    /// second one read.
    pub(super) fn new(
        sessions: &[Row],
        clients: &[Row],
        notice: &LogoutNotice,
    ) -> Result<Self, Fault> {
        let mut ends = Self {
            sids: Vec::new(),
            queued_sids: Vec::new(),
            clients: Vec::new(),
            subjects: Vec::new(),
            attempts: Vec::new(),
            due_at: Vec::new(),
            expires_at: Vec::new(),
            clock: clock(),
            ended: Vec::new(),
        };
        let clients: Vec<(String, String)> = clients
            .iter()
            .map(|row| Ok((get(row, 0)?, get(row, 1)?)))
            .collect::<Result<_, Fault>>()?;
        for row in sessions {
            let (sid, subject) = (sid(row, 0)?, subject(row, 1)?);
            let of_session = clients.iter().filter(|(of, _)| of == sid.as_str());
            let clients: Vec<ClientId> = of_session
                .map(|(_, client)| ClientId::new(client.clone()))
                .collect();
            let mut leased = Vec::new();
            for (delivery, due_at) in notice.deliveries(&sid, &subject, &clients) {
                ends.queue(&delivery, millis(due_at));
                if delivery.attempts > 0 {
                    leased.push(Delivery {
                        expires_at: stored(delivery.expires_at),
                        ..delivery
                    });
                }
            }
            ends.sids.push(sid.as_str().to_owned());
            ends.ended.push(EndedSession {
                sid,
                subject,
                clients,
                leased,
            });
        }
        Ok(ends)
    }

    fn queue(&mut self, delivery: &Delivery, due_at: i64) {
        self.queued_sids.push(delivery.sid.as_str().to_owned());
        self.clients.push(delivery.client_id.as_str().to_owned());
        self.subjects.push(delivery.subject.as_str().to_owned());
        self.attempts.push(i64::from(delivery.attempts));
        self.due_at.push(due_at);
        self.expires_at.push(millis(delivery.expires_at));
    }

    /// The parameters of the statements that end the sessions.
    pub(super) fn values(&self) -> EndValues<'_> {
        EndValues {
            sids: params![self.sids],
            deliveries: params![
                self.queued_sids,
                self.clients,
                self.subjects,
                self.attempts,
                self.due_at,
                self.expires_at,
                self.clock,
            ],
            ends_any: !self.sids.is_empty(),
            queues_any: !self.queued_sids.is_empty(),
        }
    }
}

/// See [`SessionEnds::values`].
pub(super) struct EndValues<'a> {
    sids: [Parameter<'a>; 1],
    deliveries: [Parameter<'a>; 7],
    ends_any: bool,
    queues_any: bool,
}

impl EndValues<'_> {
    /// The statements that end the sessions; none if there are no sessions. Offline grants are revoked; the
    /// others are inactive without their session.
    pub(super) fn commands(&self) -> Vec<Command<'_>> {
        let mut commands = Vec::new();
        if self.ends_any {
            commands.extend(
                [
                    "UPDATE tickets SET spent = true WHERE sid = ANY($1)",
                    "UPDATE grants SET revoked_at = 0 WHERE sid = ANY($1) AND offline",
                    "DELETE FROM session_clients WHERE sid = ANY($1)",
                    "DELETE FROM handles WHERE sid = ANY($1)",
                    "DELETE FROM sessions WHERE sid = ANY($1)",
                ]
                .map(|sql| (sql, self.sids.as_slice())),
            );
        }
        if self.queues_any {
            commands.push((QUEUE, self.deliveries.as_slice()));
        }
        commands
    }
}

const QUEUE: &str = concat!(
    "INSERT INTO logout_deliveries (sid, client_id, subject, attempts, due_at, expires_at)
     SELECT q.sid, q.client_id, q.subject, q.attempts, ",
    by_database_clock!("q.due_at", "$7"),
    ", q.expires_at
       FROM unnest($1, $2, $3, $4, $5, $6)
            AS q (sid, client_id, subject, attempts, due_at, expires_at)
     ON CONFLICT (sid, client_id) DO UPDATE SET
         subject = excluded.subject, attempts = excluded.attempts,
         due_at = excluded.due_at, expires_at = excluded.expires_at"
);
