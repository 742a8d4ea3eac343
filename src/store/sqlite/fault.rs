//! The cause of a failed step. The [`StoreError`] around it names the step.

use std::sync::Arc;

use crate::store::StoreError;

/// The cause of a [`StoreError`]. It is `Clone`, because all callers of a failed commit get it.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Fault {
    /// SQLite's own error.
    #[error(transparent)]
    Sqlite(Arc<rusqlite::Error>),
    /// The store was closed before this step.
    #[error("it is closed")]
    Closed,
    /// The code of the step panicked. Its changes were undone.
    #[error("the step panicked")]
    Panicked,
}

impl Fault {
    /// Returns the [`StoreError`] of `step` with this cause.
    pub(super) fn during(self, step: &'static str) -> StoreError {
        StoreError {
            step,
            source: Box::new(self),
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}
