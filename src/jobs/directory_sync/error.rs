//! Why a synchronization run did not take place.

use crate::store::StoreError;

/// Why a run did not take place.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The identity provider has no directory.
    #[error("this identity provider has no list of people")]
    NoDirectory,
    /// Another process holds the lease.
    #[error("another process reads the list at the moment; try again when it is done")]
    LeaseHeld,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
