//! Deliveries of logout tokens in SQL.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use rusqlite::{Connection, Row, params};

use super::SqliteStore;
use super::column::{self, millis, stored};
use super::people::{has_left, write_down};
use crate::login::session::SessionId;
use crate::store::{Delivery, Ending, LogoutDeliveries, StoreError};

#[async_trait]
impl LogoutDeliveries for SqliteStore {
    async fn lease_deliveries(
        &self,
        most: u32,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Delivery>, StoreError> {
        // Mostly nothing is due, and that costs no commit.
        if !self.read("look for logout tokens to deliver", |sql| {
            is_any_due(sql, now)
        })? {
            return Ok(Vec::new());
        }
        self.write("take up logout tokens to deliver", move |sql| {
            lease(sql, most, until, now)
        })
        .await
    }

    async fn put_off(&self, delivery: &Delivery, until: DateTime<Utc>) -> Result<(), StoreError> {
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

    async fn strike_off(
        &self,
        delivery: &Delivery,
        ending: Ending,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let delivery = delivery.clone();
        self.write("strike a logout token off", move |sql| {
            sql.prepare_cached("DELETE FROM logout_deliveries WHERE sid = ?1 AND client_id = ?2")?
                .execute([delivery.sid.as_str(), delivery.client_id.as_str()])?;
            let subject = delivery.subject.as_str();
            if has_left(sql, subject)? {
                write_down(sql, subject, &ending.event(&delivery), now)?;
            }
            Ok(())
        })
        .await
    }
}

/// Queues what was decided when a session ended; answers with the attempts that are left to whoever
/// ended it.
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

fn is_any_due(sql: &Connection, now: DateTime<Utc>) -> rusqlite::Result<bool> {
    sql.prepare_cached("SELECT EXISTS (SELECT 1 FROM logout_deliveries WHERE due_at <= ?1)")?
        .query_row([millis(now)], |row| row.get(0))
}

fn lease(
    sql: &Connection,
    most: u32,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> rusqlite::Result<Vec<Delivery>> {
    sql.prepare_cached(
        "UPDATE logout_deliveries SET due_at = ?2, attempts = attempts + 1
          WHERE (sid, client_id) IN
                (SELECT sid, client_id FROM logout_deliveries WHERE due_at <= ?1
                  ORDER BY due_at LIMIT ?3)
         RETURNING sid, client_id, subject, attempts, expires_at",
    )?
    .query_map(params![millis(now), millis(until), most], delivery)?
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
