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

impl StoreError {
    /// The error for a store in memory, whose tables no other process sees.
    pub(crate) fn of_memory() -> Self {
        Self {
            step: "open its tables",
            source: "it is in the memory of the provider".into(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::error_chain::tests::log_of;

    /// Asserts that `log` writes the cause of an error, and the cause of that.
    #[track_caller]
    pub(crate) fn assert_all_causes_are_logged(log: impl FnOnce(&StoreError)) {
        let full = StoreError {
            step: "commit",
            source: "the disk is full".into(),
        };
        let error = StoreError {
            step: "write",
            source: Box::new(full),
        };
        let log = log_of(|| log(&error));
        assert!(
            log.contains(r#"causes="the store failed to commit: the disk is full""#),
            "{log}"
        );
    }
}
