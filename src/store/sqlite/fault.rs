//! The cause of a failed step. The [`StoreError`] around it names the step.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::ErrorCode;

use crate::store::StoreError;

/// The cause of a [`StoreError`], with the remedy if the operator has one. It is `Clone`, because all
/// callers of a failed commit get it.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Fault {
    /// Another process kept the database locked until the timeout.
    #[error("another program keeps it locked; end that, such as a backup or an SQLite shell")]
    Locked(#[source] Arc<rusqlite::Error>),
    /// The content of the file is corrupt.
    #[error("it is damaged; restore it from the backup, together with the master key file")]
    Damaged(#[source] Arc<rusqlite::Error>),
    /// The disk failed, or is full.
    #[error("its disk failed; see whether that has room, and is sound")]
    Disk(#[source] Arc<rusqlite::Error>),
    /// The file may not be written.
    #[error("it cannot be written; let the user panda-oidc runs as write the file and its folder")]
    NotWritable(#[source] Arc<rusqlite::Error>),
    /// Another error of SQLite.
    #[error(transparent)]
    Sqlite(Arc<rusqlite::Error>),
    /// A file of the database was deleted or replaced while it was open.
    #[error(
        "{0} was deleted or replaced while it was in use; put the old one back, or restore the backup \
         and restart"
    )]
    Gone(PathBuf),
    /// The write-ahead log was emptied by another program while it was in use.
    #[error(
        "{0} was emptied while it was in use, and what was in it is lost; restore the backup and restart"
    )]
    Emptied(PathBuf),
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
        let code = error.sqlite_error_code();
        let error = Arc::new(error);
        match code {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked(error),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error),
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => Self::Disk(error),
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) => Self::NotWritable(error),
            _ => Self::Sqlite(error),
        }
    }
}
