//! The queue of logout token deliveries in SQL. Due times are by the database's clock.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use tokio_postgres::Row;

use super::column::{self, get, limit, millis};
use super::connection::params;
use super::fault::Fault;
use super::skew::{by_database_clock, clock};
use super::{PostgresStore, history};
use crate::directory::Event;
use crate::session::{Delivery, DeliveryLease, DeliveryOutcome};
use crate::store::{LogoutDeliveries, StoreError};

#[async_trait]
impl LogoutDeliveries for PostgresStore {
    async fn lease_deliveries(
        &self,
        lease: DeliveryLease,
        now: DateTime<Utc>,
    ) -> Result<Vec<Delivery>, StoreError> {
        let (clients, held): (Vec<&str>, Vec<i64>) = lease
            .in_flight
            .iter()
            .map(|(client, held)| (client.as_str(), i64::from(*held)))
            .unzip();
        let (lease, clients, held) = (&lease, &clients, &held);
        self.run("take up logout tokens to deliver", |mut sql| async move {
            let rows = sql
                .query(
                    LEASE,
                    &params![
                        *clients,
                        *held,
                        limit(lease.max_per_client),
                        limit(lease.max_total),
                        millis(now),
                        millis(lease.until),
                        clock(),
                    ],
                )
                .await?;
            let mut leased: Vec<(i64, Delivery)> = rows
                .iter()
                .map(|row| Ok((get(row, 5)?, delivery(row)?)))
                .collect::<Result<_, Fault>>()?;
            leased.sort_by(|(a_due, a), (b_due, b)| {
                let (a_keys, b_keys) = (
                    (a.client_id.as_str(), a.sid.as_str()),
                    (b.client_id.as_str(), b.sid.as_str()),
                );
                a_due.cmp(b_due).then(a_keys.cmp(&b_keys))
            });
            Ok(leased.into_iter().map(|(_, delivery)| delivery).collect())
        })
        .await
    }

    async fn postpone(&self, delivery: &Delivery, until: DateTime<Utc>) -> Result<(), StoreError> {
        self.run("put a logout token off", |mut sql| async move {
            sql.query(
                concat!(
                    "UPDATE logout_deliveries SET due_at = ",
                    by_database_clock!("$4", "$5"),
                    " WHERE sid = $1 AND client_id = $2 AND attempts = $3"
                ),
                &params![
                    delivery.sid.as_str(),
                    delivery.client_id.as_str(),
                    i64::from(delivery.attempts),
                    millis(until),
                    clock(),
                ],
            )
            .await
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
        self.run("strike a logout token off", |mut sql| async move {
            let event = history::text(&Event::of_delivery(delivery, outcome))?;
            let done = params![delivery.sid.as_str(), delivery.client_id.as_str()];
            let subject = delivery.subject.as_str();
            // A `sid` is 43 random characters, so a JSON string with it can only be the `sid`.
            let quoted = format!("\"{}\"", delivery.sid.as_str());
            let lock = params![subject];
            let append = params![subject, millis(now), event, quoted];
            sql.begin(&[
                (
                    "DELETE FROM logout_deliveries WHERE sid = $1 AND client_id = $2",
                    &done,
                ),
                (history::LOCK, &lock),
            ])
            .await?;
            sql.commit(&[(history::APPEND_TO_LEAVING, &append)])
                .await
                .map(drop)
        })
        .await
    }
}

/// Leases what is due at `$5` until `$6`: the longest due first, up to `$4` in total and `$3` for each client,
/// less what it has in flight (`$2` of each client in `$1`). A client that hangs may have any number of
/// deliveries, so no more than its share is read. What another caller is leasing is left to it.
const LEASE: &str = concat!(
    "WITH RECURSIVE client (id) AS (
         (SELECT client_id FROM logout_deliveries ORDER BY client_id LIMIT 1)
         UNION ALL
         SELECT (SELECT d.client_id FROM logout_deliveries d WHERE d.client_id > client.id
                  ORDER BY d.client_id LIMIT 1)
           FROM client WHERE client.id IS NOT NULL),
     share (id, amount) AS (
         SELECT client.id, greatest(0, $3 - coalesce(held.amount, 0))
           FROM client LEFT JOIN unnest($1, $2) AS held (id, amount) ON held.id = client.id
          WHERE client.id IS NOT NULL),
     due AS (
         SELECT first.sid, first.client_id, first.due_at
           FROM share CROSS JOIN LATERAL (
                SELECT d.sid, d.client_id, d.due_at FROM logout_deliveries d
                 WHERE d.client_id = share.id AND d.due_at <= ",
    by_database_clock!("$5", "$7"),
    " ORDER BY d.due_at, d.sid LIMIT share.amount) AS first
          ORDER BY first.due_at, first.client_id, first.sid LIMIT $4),
     locked AS MATERIALIZED (
         SELECT d.sid, d.client_id, d.due_at FROM logout_deliveries d
          WHERE (d.sid, d.client_id) IN (SELECT sid, client_id FROM due)
            AND d.due_at <= ",
    by_database_clock!("$5", "$7"),
    " FOR UPDATE SKIP LOCKED)
     UPDATE logout_deliveries l SET attempts = l.attempts + 1, due_at = ",
    by_database_clock!("$6", "$7"),
    " FROM locked WHERE l.sid = locked.sid AND l.client_id = locked.client_id
     RETURNING l.sid, l.client_id, l.subject, l.attempts, l.expires_at, locked.due_at"
);

fn delivery(row: &Row) -> Result<Delivery, Fault> {
    Ok(Delivery {
        sid: column::sid(row, 0)?,
        client_id: ClientId::new(get(row, 1)?),
        subject: column::subject(row, 2)?,
        attempts: u32::try_from(get::<i64>(row, 3)?).map_err(Fault::row)?,
        expires_at: column::time(row, 4)?,
    })
}
