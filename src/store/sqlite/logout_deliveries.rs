//! The queue of logout token deliveries in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use rusqlite::{Connection, Row, params};
use serde_json::json;

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
        if !self.read("look for logout tokens to deliver", |sql| {
            is_any_due(sql, &lease, now)
        })? {
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

/// Deliveries due at `?1`, at most `?2` per client. `?3` is a JSON object with the number that are
/// already leased for each client; they count towards `?2`.
const DUE: &str = "SELECT sid, client_id, due_at FROM
    (SELECT sid, client_id, due_at,
            ROW_NUMBER() OVER (PARTITION BY client_id ORDER BY due_at) AS nth
       FROM logout_deliveries WHERE due_at <= ?1)
     WHERE nth <= ?2 - coalesce((SELECT value FROM json_each(?3) WHERE key = client_id), 0)";

fn is_any_due(
    sql: &Connection,
    lease: &DeliveryLease,
    now: DateTime<Utc>,
) -> rusqlite::Result<bool> {
    sql.prepare_cached(&format!("SELECT EXISTS ({DUE})"))?
        .query_row(
            params![millis(now), lease.max_per_client, held_json(lease)],
            |row| row.get(0),
        )
}

fn lease_due(
    sql: &Connection,
    lease: &DeliveryLease,
    now: DateTime<Utc>,
) -> rusqlite::Result<Vec<Delivery>> {
    let (until, limit) = (millis(lease.until), lease.max_total);
    sql.prepare_cached(&format!(
        "UPDATE logout_deliveries SET due_at = ?4, attempts = attempts + 1
          WHERE (sid, client_id) IN
                (SELECT sid, client_id FROM ({DUE}) ORDER BY due_at LIMIT ?5)
         RETURNING sid, client_id, subject, attempts, expires_at"
    ))?
    .query_map(
        params![
            millis(now),
            lease.max_per_client,
            held_json(lease),
            until,
            limit
        ],
        delivery,
    )?
    .collect()
}

/// The leased deliveries per client, as a JSON object.
fn held_json(lease: &DeliveryLease) -> String {
    json!(lease.in_flight).to_string()
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
