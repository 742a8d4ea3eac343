//! Why a step failed, below the [`StoreError`] that says which.

use std::sync::Arc;

use crate::store::StoreError;

/// The cause of a [`StoreError`]. Cloned, since all who shared a commit share its failure.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Fault {
    /// SQLite's own error.
    #[error(transparent)]
    Sqlite(Arc<rusqlite::Error>),
    /// The store was closed before this step.
    #[error("it is closed")]
    Closed,
    /// The code of the step panicked; what it had done is undone.
    #[error("the step panicked")]
    Panicked,
}

impl Fault {
    /// As the cause of not having done `step`.
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
