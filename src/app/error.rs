//! Why the provider could not be opened.

use crate::crypto::MasterKeyError;
use crate::keys::KeysError;
use crate::problem::Problem;
use crate::store::StoreError;

/// Why the provider could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The master key.
    #[error("keys.master_key_file")]
    MasterKey(#[from] MasterKeyError),
    /// The store.
    #[error("store.path")]
    Store(#[from] StoreError),
    /// The signing keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The identity provider's settings, or the groups file.
    #[error(transparent)]
    Setting(#[from] Problem),
    /// The discovery document.
    #[error("the discovery document cannot be written")]
    Metadata(#[source] Box<dyn std::error::Error + Send + Sync>),
}
