//! Deliveries of logout tokens in memory.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Kept, MemoryStore};
use crate::directory::Event;
use crate::session::{Delivery, Ending, Lease, SessionId};
use crate::store::{LogoutDeliveries, StoreError};

/// A delivery and the moment it is due.
pub(super) struct Queued {
    delivery: Delivery,
    due_at: DateTime<Utc>,
}

/// What tells deliveries apart.
pub(super) type Name = (SessionId, String);

fn name(delivery: &Delivery) -> Name {
    (delivery.sid.clone(), delivery.client_id.to_string())
}

impl Kept {
    /// Queues deliveries; answers with the attempts that are left to whoever ended the session.
    pub(super) fn queue(&mut self, deliveries: Vec<(Delivery, DateTime<Utc>)>) -> Vec<Delivery> {
        let mut leased = Vec::new();
        for (delivery, due_at) in deliveries {
            leased.extend(Some(delivery.clone()).filter(|delivery| delivery.attempts > 0));
            let queued = Queued { delivery, due_at };
            self.deliveries.insert(name(&queued.delivery), queued);
        }
        leased
    }
}

#[async_trait]
impl LogoutDeliveries for MemoryStore {
    async fn lease_deliveries(
        &self,
        lease: Lease,
        now: DateTime<Utc>,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut kept = self.step("take up logout tokens to deliver")?;
        let mut due: Vec<_> = kept
            .deliveries
            .values_mut()
            .filter(|queued| queued.due_at <= now)
            .collect();
        due.sort_by_key(|queued| queued.due_at);
        let mut held = lease.held;
        due.retain(|queued| {
            let held = held.entry(queued.delivery.client_id.to_string());
            let held = held.or_default();
            *held += 1;
            *held <= lease.each
        });
        due.truncate(usize::try_from(lease.most).unwrap_or(usize::MAX));
        let leased = due.into_iter().map(|queued| {
            queued.due_at = lease.until;
            queued.delivery.attempts += 1;
            queued.delivery.clone()
        });
        Ok(leased.collect())
    }

    async fn put_off(&self, delivery: &Delivery, until: DateTime<Utc>) -> Result<(), StoreError> {
        let mut kept = self.step("put a logout token off")?;
        let queued = kept.deliveries.get_mut(&name(delivery));
        let mine = queued.filter(|queued| queued.delivery.attempts == delivery.attempts);
        if let Some(queued) = mine {
            queued.due_at = until;
        }
        Ok(())
    }

    async fn strike_off(
        &self,
        delivery: &Delivery,
        ending: Ending,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut kept = self.step("strike a logout token off")?;
        kept.deliveries.remove(&name(delivery));
        if kept
            .directory
            .ended_by_leaving(&delivery.subject, &delivery.sid)
        {
            let event = Event::of_delivery(delivery, ending);
            kept.directory.write_down(&delivery.subject, event, now);
        }
        Ok(())
    }
}
