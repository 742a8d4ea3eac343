//! Pending deliveries of logout tokens (Back-Channel Logout 1.0). They are queued in the commit that
//! ends a session, and kept until they succeed or are given up.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::session::{Delivery, DeliveryLease, DeliveryOutcome};
use crate::store::error::StoreError;

/// The queue of logout token deliveries.
#[async_trait]
pub trait LogoutDeliveries: Send + Sync {
    /// Leases deliveries that are due, the longest due first. No other caller gets them before the
    /// lease ends at `lease.until`; then they are due again. Expired deliveries are included.
    async fn lease_deliveries(
        &self,
        lease: DeliveryLease,
        now: DateTime<Utc>,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// Postpones a delivery to `until`, unless another caller has leased it meanwhile.
    async fn postpone(&self, delivery: &Delivery, until: DateTime<Utc>) -> Result<(), StoreError>;

    /// Removes a delivery at `now`. If the session ended because the person left, the outcome is
    /// added to their history.
    async fn complete(
        &self,
        delivery: &Delivery,
        outcome: DeliveryOutcome,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;
}
