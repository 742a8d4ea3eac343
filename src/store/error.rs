//! That the store failed.

use std::error::Error;

/// The store failed; the backend's own error is the source.
#[derive(Debug, thiserror::Error)]
#[error("the store failed to {step}")]
pub struct StoreError {
    /// What it was doing, as the end of the sentence "the store failed to …".
    pub step: &'static str,
    /// Why.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}
