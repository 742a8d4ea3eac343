//! Why the provider could not start.

use crate::crypto::MasterKeyError;
use crate::keys::KeysError;
use crate::problem::Problem;
use crate::store::StoreError;

/// Why the provider could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The master key file cannot be used.
    #[error("keys.master_key_file")]
    MasterKey(#[from] MasterKeyError),
    /// The store cannot be opened or read.
    #[error("{key}")]
    Store {
        /// The key that names it.
        key: &'static str,
        /// Why it cannot.
        source: StoreError,
    },
    /// The signing keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The identity provider's settings or the groups file are wrong.
    #[error(transparent)]
    Setting(#[from] Problem),
    /// The discovery document cannot be built.
    #[error("the discovery document cannot be written")]
    Metadata(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StartError {
    /// The error with `key` as the one that names the store.
    pub(super) fn of_store(self, key: &'static str) -> Self {
        match self {
            Self::Store { source, .. } => Self::Store { key, source },
            other => other,
        }
    }
}

/// A store that fails after it was opened.
impl From<StoreError> for StartError {
    fn from(source: StoreError) -> Self {
        Self::Store {
            key: "store",
            source,
        }
    }
}
