//! Why a `links` command failed.

use std::io;

use panda_oidc::store::StoreError;

/// Why a `links` command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The arguments or the configuration do not allow the command.
    #[error("{0}")]
    Usage(String),
    /// The request was refused, and nothing was changed.
    #[error("{0}")]
    Refused(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be read or created.
    #[error("{0}")]
    File(String, #[source] io::Error),
    /// The output could not be written.
    #[error("the output cannot be written")]
    Output(#[source] io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Output(error.into())
    }
}

impl From<csv::Error> for Failure {
    fn from(error: csv::Error) -> Self {
        Self::Output(error.into())
    }
}
