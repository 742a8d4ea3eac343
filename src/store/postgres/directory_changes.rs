//! The changes of a reading of the directory, applied to people, in SQL.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::column::{get, millis};
use super::connection::{Connection, params};
use super::fault::Fault;
use super::history;
use super::session_ends::{OF_USERS, SessionEnds};
use crate::directory::{Change, Event};
use crate::session::{EndedSession, LogoutNotice};

/// What is known of a person before their change.
#[derive(Clone, Copy)]
struct Known {
    is_absent: bool,
    has_left: bool,
}

/// Applies changes, and commits. The users are locked first, so a sign-in is either seen here or sees the change.
pub(super) async fn apply(
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
