//! The error of the store.

use std::error::Error;

/// The store failed; the backend's own error is the source.
#[derive(Debug, thiserror::Error)]
#[error("the store failed to {step}")]
pub struct StoreError {
    /// The step that failed, as the end of the sentence "the store failed to …".
    pub step: &'static str,
    /// The backend's own error.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}
