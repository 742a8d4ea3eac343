//! The lease of a run: only one process reads the directory at a time.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::App;
use crate::crypto::handle::Handle;
use crate::crypto::identifiers::LeaseHolder;
use crate::store::{DirectoryLease, StoreError};

/// How long the lease lasts without a renewal.
const LEASE_DURATION: TimeDelta = TimeDelta::seconds(25);

/// The directory lease as this process takes, renews and releases it.
pub(super) struct Lease<'a> {
    pub(super) app: &'a Arc<App>,
    holder: LeaseHolder,
}

impl<'a> Lease<'a> {
    /// The lease for a new holder, which is not taken yet.
    pub(super) fn new(app: &'a Arc<App>) -> Self {
        let holder = LeaseHolder::of(&Handle::random(&mut rand::rng()));
        Self { app, holder }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.app.host.clock.now()
    }

    /// The lease from now on, for a step of the store that renews it.
    pub(super) fn renewed(&self) -> DirectoryLease {
        DirectoryLease {
            holder: self.holder,
            until: self.now() + LEASE_DURATION,
        }
    }

    /// Takes the lease, or renews it. `false` when another process holds it.
    pub(super) async fn take(&self) -> Result<bool, StoreError> {
        let store = &self.app.store;
        store.lease_directory(self.renewed(), self.now()).await
    }

    /// Releases the lease, so that another process can take it at once.
    pub(super) async fn release(&self) -> Result<(), StoreError> {
        self.app.store.release_directory(&self.holder).await
    }
}
