//! The queue of logout token deliveries in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use rusqlite::{Connection, Row, params};

use super::column::{millis, stored};
use super::history::{append, ended_by_leaving};
use super::{SqliteStore, column};
use crate::directory::Event;
use crate::session::{Delivery, DeliveryLease, DeliveryOutcome, SessionId};
use crate::store::{LogoutDeliveries, StoreError};

#[async_trait]
impl LogoutDeliveries for SqliteStore {
    async fn lease_deliveries(
        &self,
        lease: DeliveryLease,
        now: DateTime<Utc>,
    ) -> Result<Vec<Delivery>, StoreError> {
        // Usually nothing is due. The check saves a commit.
        let due = self.read("look for logout tokens to deliver", |sql| {
            due(sql, &lease, now)
        })?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        self.write("take up logout tokens to deliver", move |sql| {
            lease_due(sql, &lease, now)
        })
        .await
    }

    async fn postpone(&self, delivery: &Delivery, until: DateTime<Utc>) -> Result<(), StoreError> {
        let delivery = delivery.clone();
        self.write("put a logout token off", move |sql| {
            sql.prepare_cached(
                "UPDATE logout_deliveries SET due_at = ?4
                  WHERE sid = ?1 AND client_id = ?2 AND attempts = ?3",
            )?
            .execute(params![
                delivery.sid.as_str(),
                delivery.client_id.as_str(),
                delivery.attempts,
                millis(until),
            ])
            .map(drop)
        })
        .await
    }

    async fn complete(
        &self,
        delivery: &Delivery,
        outcome: DeliveryOutcome,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let delivery = delivery.clone();
        self.write("strike a logout token off", move |sql| {
            sql.prepare_cached("DELETE FROM logout_deliveries WHERE sid = ?1 AND client_id = ?2")?
                .execute([delivery.sid.as_str(), delivery.client_id.as_str()])?;
            let subject = delivery.subject.as_str();
            if ended_by_leaving(sql, subject, delivery.sid.as_str())? {
                append(sql, subject, &Event::of_delivery(&delivery, outcome), now)?;
            }
            Ok(())
        })
        .await
    }
}

/// Queues the deliveries for an ended session. Returns those whose first attempt is leased to the
/// caller.
pub(super) fn queue(
    sql: &Connection,
    deliveries: Vec<(Delivery, DateTime<Utc>)>,
) -> rusqlite::Result<Vec<Delivery>> {
    let mut leased = Vec::new();
    for (mut delivery, due_at) in deliveries {
        delivery.expires_at = stored(delivery.expires_at);
        sql.prepare_cached(
            "INSERT OR REPLACE INTO logout_deliveries
                 (sid, client_id, subject, attempts, due_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            delivery.sid.as_str(),
            delivery.client_id.as_str(),
            delivery.subject.as_str(),
            delivery.attempts,
            millis(due_at),
            millis(delivery.expires_at),
        ])?;
        if delivery.attempts > 0 {
            leased.push(delivery);
        }
    }
    Ok(leased)
}

/// A delivery that is due: since when, its client and its session.
type Due = (i64, String, String);

/// The clients with deliveries. Each is found by one step in the index.
const CLIENTS: &str = "WITH RECURSIVE client (id) AS (
         SELECT min(client_id) FROM logout_deliveries
         UNION ALL
         SELECT (SELECT min(client_id) FROM logout_deliveries WHERE client_id > client.id)
           FROM client WHERE client.id IS NOT NULL)
     SELECT id FROM client WHERE id IS NOT NULL";

/// The deliveries to lease, the longest due first. A client that hangs may have any number of them, so no
/// more than its share is read.
fn due(sql: &Connection, lease: &DeliveryLease, now: DateTime<Utc>) -> rusqlite::Result<Vec<Due>> {
    let mut clients = sql.prepare_cached(CLIENTS)?;
    let clients = clients.query_map([], |row| row.get(0))?;
    let mut first = sql.prepare_cached(
        "SELECT due_at, client_id, sid FROM logout_deliveries
          WHERE client_id = ?1 AND due_at <= ?2 ORDER BY due_at LIMIT ?3",
    )?;
    let mut due: Vec<Due> = Vec::new();
    for client in clients {
        let client: String = client?;
        let held = lease.in_flight.get(&client).copied().unwrap_or_default();
        let share = lease.max_per_client.saturating_sub(held);
        let rows = first.query_map(params![client, millis(now), share], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
        for row in rows {
            due.push(row?);
        }
    }
    due.sort();
    due.truncate(usize::try_from(lease.max_total).unwrap_or(usize::MAX));
    Ok(due)
}

fn lease_due(
    sql: &Connection,
    lease: &DeliveryLease,
    now: DateTime<Utc>,
) -> rusqlite::Result<Vec<Delivery>> {
    let mut take = sql.prepare_cached(
        "UPDATE logout_deliveries SET due_at = ?3, attempts = attempts + 1
          WHERE sid = ?1 AND client_id = ?2
         RETURNING sid, client_id, subject, attempts, expires_at",
    )?;
    let due = due(sql, lease, now)?.into_iter();
    due.map(|(_, client, sid)| take.query_row(params![sid, client, millis(lease.until)], delivery))
        .collect()
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        sid: SessionId::from(row.get::<_, String>(0)?),
        client_id: ClientId::new(row.get(1)?),
        subject: column::subject(row, 2)?,
        attempts: row.get(3)?,
        expires_at: column::time(row, 4)?,
    })
}
