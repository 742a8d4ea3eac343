//! What clients have yet to be told: deliveries of logout tokens, queued in the commit that ends a
//! session and kept until they are taken or given up.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::session::{Delivery, DeliveryLease, DeliveryOutcome};
use crate::store::error::StoreError;

/// Deliveries of logout tokens, for whoever makes the next attempt.
#[async_trait]
pub trait LogoutDeliveries: Send + Sync {
    /// Takes deliveries that are due, those first that have been for longest. Nobody else gets them
    /// before `until`, when they are due again. Those whose time is over come, too.
    async fn lease_deliveries(
        &self,
        lease: DeliveryLease,
        now: DateTime<Utc>,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// Has a delivery be due at `until`, unless somebody else has leased it meanwhile.
    async fn put_off(&self, delivery: &Delivery, until: DateTime<Utc>) -> Result<(), StoreError>;

    /// Strikes a delivery off at `now`. If the session ended because the person left, their history
    /// says how it went.
    async fn strike_off(
        &self,
        delivery: &Delivery,
        ending: DeliveryOutcome,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;
}
