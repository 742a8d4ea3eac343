//! Readings of the directory in SQL. The lease is by the database's clock.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use panda_oidc_sdk::Identity;
use tokio_postgres::Row;

use super::column::{self, get, limit, millis, optional_time};
use super::connection::{Connection, params};
use super::fault::Fault;
use super::session_ends::{OF_USERS, SessionEnds};
use super::skew::{by_database_clock, clock};
use super::{PostgresStore, history};
use crate::crypto::identifiers::LeaseHolder;
use crate::directory::{Change, Event, Report};
use crate::session::{EndedSession, LogoutNotice};
use crate::store::{AppliedChanges, DirectoryLease, DirectoryReadings, StoreError};

/// Renews the lease of `$1` until `$2`, unless another process has taken it; `$3` is the caller's clock. `lease`
/// is empty when it was lost.
macro_rules! renewed {
    () => {
        concat!(
            "WITH lease AS (UPDATE directory SET leased_until = ",
            $crate::store::postgres::skew::by_database_clock!("$2", "$3"),
            " WHERE holder = $1 RETURNING accepted_at)"
        )
    };
}
#[async_trait]
impl DirectoryReadings for PostgresStore {
    async fn lease_directory(
        &self,
        lease: DirectoryLease,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.run("take the directory up", |mut sql| async move {
            let taken = sql
                .query_opt(
                    concat!(
                        "UPDATE directory SET holder = $1, leased_until = ",
                        by_database_clock!("$2", "$4"),
                        " WHERE holder IS NULL OR holder = $1 OR leased_until <= ",
                        by_database_clock!("$3", "$4"),
                        " RETURNING 1"
                    ),
                    &params![
                        lease.holder.as_bytes().as_slice(),
                        millis(lease.until),
                        millis(now),
                        clock(),
                    ],
                )
                .await?;
            Ok(taken.is_some())
        })
        .await
    }

    async fn release_directory(&self, holder: &LeaseHolder) -> Result<(), StoreError> {
        self.run("give the directory back", |mut sql| async move {
            sql.query(
                "UPDATE directory SET holder = NULL, leased_until = NULL WHERE holder = $1",
                &params![holder.as_bytes().as_slice()],
            )
            .await
            .map(drop)
        })
        .await
    }

    async fn stage(&self, lease: DirectoryLease, changes: Vec<Change>) -> Result<bool, StoreError> {
        let latest: HashMap<&str, &Change> = changes
            .iter()
            .map(|change| (change.subject().as_str(), change))
            .collect();
        let mut columns = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (subject, change) in latest {
            let (kind, name, phone) = columns_of(change);
            columns.0.push(subject);
            columns.1.push(kind);
            columns.2.push(name);
            columns.3.push(phone);
        }
        let (subjects, kinds, names, phones) = &columns;
        self.run("put down what a reading found", |mut sql| async move {
            let staged = sql
                .query_opt(
                    concat!(
                        renewed!(),
                        ", staged AS (
                             INSERT INTO directory_changes (subject, change, name, phone)
                             SELECT q.subject, q.change, q.name, q.phone
                               FROM lease CROSS JOIN unnest($4, $5, $6, $7)
                                    AS q (subject, change, name, phone)
                             ON CONFLICT (subject) DO UPDATE SET
                                 change = excluded.change, name = excluded.name,
                                 phone = excluded.phone)
                         SELECT 1 FROM lease"
                    ),
                    &params![
                        lease.holder.as_bytes().as_slice(),
                        millis(lease.until),
                        clock(),
                        *subjects,
                        *kinds,
                        *names,
                        *phones,
                    ],
                )
                .await?;
            Ok(staged.is_some())
        })
        .await
    }

    async fn discard(&self, lease: DirectoryLease, most: u32) -> Result<Option<usize>, StoreError> {
        self.run("throw a reading away", |mut sql| async move {
            let row = sql
                .query_opt(
                    concat!(
                        renewed!(),
                        ", gone AS (
                             DELETE FROM directory_changes
                              WHERE subject IN (SELECT subject FROM directory_changes LIMIT $4)
                                AND EXISTS (SELECT 1 FROM lease WHERE accepted_at IS NULL)
                             RETURNING 1)
                         SELECT (SELECT count(*) FROM gone) FROM lease"
                    ),
                    &params![
                        lease.holder.as_bytes().as_slice(),
                        millis(lease.until),
                        clock(),
                        limit(most),
                    ],
                )
                .await?;
            let count = row.map(|row| get::<i64>(&row, 0)).transpose()?;
            count
                .map(|count| usize::try_from(count).map_err(Fault::row))
                .transpose()
        })
        .await
    }

    async fn accept(&self, lease: DirectoryLease, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.run("accept a reading", |mut sql| async move {
            let accepted = sql
                .query_opt(
                    concat!(
                        "UPDATE directory SET accepted_at = $4, leased_until = ",
                        by_database_clock!("$2", "$3"),
                        " WHERE holder = $1 RETURNING 1"
                    ),
                    &params![
                        lease.holder.as_bytes().as_slice(),
                        millis(lease.until),
                        clock(),
                        millis(now),
                    ],
                )
                .await?;
            Ok(accepted.is_some())
        })
        .await
    }

    async fn apply_accepted(
        &self,
        lease: DirectoryLease,
        most: u32,
        notice: &LogoutNotice,
    ) -> Result<Option<AppliedChanges>, StoreError> {
        self.run("carry out what a reading found", |mut sql| async move {
            let renewal = params![
                lease.holder.as_bytes().as_slice(),
                millis(lease.until),
                clock(),
            ];
            let renew = concat!(renewed!(), " SELECT accepted_at FROM lease");
            let found = sql
                .begin(&[(renew, &renewal), (NEXT_CHANGES, &params![limit(most)])])
                .await?;
            let Some(row) = found[0].first() else {
                sql.rollback().await?;
                return Ok(None);
            };
            let Some(accepted_at) = optional_time(row, 0)? else {
                sql.commit(&[]).await?;
                return Ok(Some(AppliedChanges::default()));
            };
            let changes = found[1].iter().map(read_change);
            let changes: Vec<Change> = changes.collect::<Result<_, _>>()?;
            if changes.is_empty() {
                sql.commit(&[("UPDATE directory SET accepted_at = NULL", &[])])
                    .await?;
                return Ok(Some(AppliedChanges::default()));
            }
            let ended = apply(&mut sql, &changes, notice, accepted_at).await?;
            Ok(Some(AppliedChanges {
                changes: changes.len(),
                ended,
            }))
        })
        .await
    }

    async fn report(&self) -> Result<Option<Report>, StoreError> {
        self.run(
            "read the report of the last reading",
            |mut sql| async move { report(&mut sql).await },
        )
        .await
    }

    async fn save_report(&self, report: &Report) -> Result<(), StoreError> {
        self.run("write the report of a reading", |mut sql| async move {
            let report = serde_json::to_string(report).map_err(Fault::row)?;
            sql.query("UPDATE directory SET report = $1", &params![report])
                .await
                .map(drop)
        })
        .await
    }
}

/// The report of the last reading.
pub(super) async fn report(sql: &mut Connection) -> Result<Option<Report>, Fault> {
    let row = sql.query_opt("SELECT report FROM directory", &[]).await?;
    let Some(text) = row
        .map(|row| get::<Option<String>>(&row, 0))
        .transpose()?
        .flatten()
    else {
        return Ok(None);
    };
    serde_json::from_str(&text).map_err(Fault::row)
}

const NEXT_CHANGES: &str =
    "SELECT subject, change, name, phone FROM directory_changes ORDER BY subject LIMIT $1";

const LISTED: &str = "listed";
const ABSENT: &str = "absent";
const CHANGE_LEFT: &str = "left";

fn columns_of(change: &Change) -> (&'static str, Option<&str>, Option<&str>) {
    match change {
        Change::Listed(identity) => (LISTED, identity.name.as_deref(), identity.phone.as_deref()),
        Change::Absent(_) => (ABSENT, None, None),
        Change::Left(_) => (CHANGE_LEFT, None, None),
    }
}

fn read_change(row: &Row) -> Result<Change, Fault> {
    let subject = column::subject(row, 0)?;
    Ok(match get(row, 1)? {
        LISTED => Change::Listed(Identity {
            subject,
            name: get(row, 2)?,
            phone: get(row, 3)?,
        }),
        ABSENT => Change::Absent(subject),
        CHANGE_LEFT => Change::Left(subject),
        _ => return Err(Fault::row("a change of the directory is unknown")),
    })
}

/// What is known of a person before their change.
#[derive(Clone, Copy)]
struct Known {
    is_absent: bool,
    has_left: bool,
}

/// Applies changes, and commits. The users are locked first, so a sign-in is either seen here or sees the change.
async fn apply(
    sql: &mut Connection,
    changes: &[Change],
    notice: &LogoutNotice,
    at: DateTime<Utc>,
) -> Result<Vec<EndedSession>, Fault> {
    let subjects: Vec<&str> = changes
        .iter()
        .map(|change| change.subject().as_str())
        .collect();
    let rows = sql.query(LOCK_USERS, &params![subjects]).await?;
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    for row in &rows {
        let (is_absent, has_left) = (get(row, 1)?, get(row, 2)?);
        known.insert(
            get(row, 0)?,
            Known {
                is_absent,
                has_left,
            },
        );
    }
    let mut sorted = Sorted::default();
    for change in changes {
        sorted.add(change, known.get(change.subject().as_str()).copied());
    }
    let leaving = params![sorted.left];
    let found = sql
        .pipeline(&[(OF_USERS.0, &leaving), (OF_USERS.1, &leaving)])
        .await?;
    let ends = SessionEnds::new(&found[0], &found[1], notice)?;
    let events = sorted.events(&ends.ended)?;
    let (of, events): (Vec<&str>, Vec<String>) = events.into_iter().unzip();
    let time = millis(at);
    let ending = ends.values();
    let mut commands = ending.commands();
    let listed = params![sorted.listed.0, sorted.listed.1, sorted.listed.2, time];
    let absent = params![sorted.absent, time];
    let left = params![sorted.left, time];
    let events = params![of, time, events];
    let done = params![subjects];
    commands.extend([
        (MARK_LISTED, &listed[..]),
        (
            "UPDATE users SET absent_since = $2 WHERE subject = ANY($1)",
            &absent,
        ),
        (
            "UPDATE users SET left_at = $2 WHERE subject = ANY($1)",
            &left,
        ),
        (APPEND_EVENTS, &events),
        (
            "DELETE FROM directory_changes WHERE subject = ANY($1)",
            &done,
        ),
    ]);
    sql.commit(&commands).await?;
    Ok(ends.ended)
}

/// Changes by what they do.
#[derive(Default)]
struct Sorted<'a> {
    listed: (Vec<&'a str>, Vec<Option<&'a str>>, Vec<Option<&'a str>>),
    returned: Vec<&'a str>,
    absent: Vec<&'a str>,
    left: Vec<&'a str>,
}

impl<'a> Sorted<'a> {
    fn add(&mut self, change: &'a Change, known: Option<Known>) {
        let subject = change.subject().as_str();
        match (change, known) {
            (Change::Listed(identity), known) => {
                if known.is_some_and(|known| known.has_left) {
                    self.returned.push(subject);
                }
                self.listed.0.push(subject);
                self.listed.1.push(identity.name.as_deref());
                self.listed.2.push(identity.phone.as_deref());
            }
            // Not listed, which may be a mistake of the directory.
            (Change::Absent(_), Some(known)) if !known.is_absent && !known.has_left => {
                self.absent.push(subject);
            }
            (Change::Left(_), Some(known)) if !known.has_left => self.left.push(subject),
            (Change::Absent(_) | Change::Left(_), _) => {}
        }
    }

    /// What the history records: an event for each person who returned, is absent or left.
    fn events(&self, ended: &[EndedSession]) -> Result<Vec<(&'a str, String)>, Fault> {
        let returned = self
            .returned
            .iter()
            .map(|subject| (*subject, Event::Returned));
        let absent = self.absent.iter().map(|subject| (*subject, Event::Absent));
        let left = self.left.iter().map(|subject| {
            let of_person = ended
                .iter()
                .filter(|ended| ended.subject.as_str() == *subject);
            let of_person: Vec<EndedSession> = of_person.cloned().collect();
            (*subject, Event::left(&of_person))
        });
        let events = returned.chain(absent).chain(left);
        events
            .map(|(subject, event)| Ok((subject, history::text(&event)?)))
            .collect()
    }
}

const LOCK_USERS: &str = "
    SELECT subject, absent_since IS NOT NULL, left_at IS NOT NULL
      FROM users WHERE subject = ANY($1) ORDER BY subject FOR UPDATE";

/// Marks people as listed, whatever their presence was before.
const MARK_LISTED: &str = "
    INSERT INTO users (subject, name, phone, updated_at, listed_at)
    SELECT q.subject, q.name, q.phone, $4, $4 FROM unnest($1, $2, $3) AS q (subject, name, phone)
    ON CONFLICT (subject) DO UPDATE SET
        updated_at = CASE WHEN users.name IS DISTINCT FROM excluded.name
                            OR users.phone IS DISTINCT FROM excluded.phone
                            OR users.left_at IS NOT NULL
            THEN excluded.updated_at ELSE users.updated_at END,
        name = excluded.name, phone = excluded.phone,
        listed_at = coalesce(users.listed_at, excluded.listed_at),
        absent_since = NULL, left_at = NULL, forgotten_at = NULL";

/// Appends an event to the history of each person.
const APPEND_EVENTS: &str = "
    INSERT INTO people_history (subject, seq, at, event)
    SELECT q.subject,
           coalesce((SELECT max(h.seq) FROM people_history h WHERE h.subject = q.subject), 0) + 1,
           $2, q.event
      FROM unnest($1, $3) AS q (subject, event)";
