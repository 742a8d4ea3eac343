//! The store in one SQLite file.
//!
//! One thread writes, and commits concurrent writes together. Reads run on the calling thread. A
//! second thread moves the write-ahead log into the database. The SQL for a trait of
//! [`crate::store`] is in the submodule of the same name.

mod admin_tokens;
mod backup;
mod checkpoint;
mod column;
mod fault;
mod file_watch;
mod grant_rows;
mod grants;
mod history;
mod inspection;
mod links;
mod logout_deliveries;
mod maintenance;
mod people;
mod readers;
mod readings;
mod refresh_tokens;
mod replay_cache;
mod schema;
mod session_listing;
mod sessions;
mod signing_keys;
mod tables;
mod user_listing;
mod writer;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;

pub use self::backup::Backup;
use self::checkpoint::Checkpoints;
use self::file_watch::FileWatch;
pub use self::inspection::Inspection;
use self::readers::Readers;
use self::schema::Opening;
pub use self::schema::{Missing, OpenError};
use self::writer::Writer;
use super::StoreError;

/// How long a write waits at most while another process writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteTimeout {
    /// A browser or a client waits for the response. It gets an error page or an error code within
    /// three seconds, before its own timeout.
    Request,
    /// An operator's command waits, beside a provider that writes all the time.
    Command,
}

impl WriteTimeout {
    fn duration(self) -> Duration {
        match self {
            Self::Request => Duration::from_secs(2),
            Self::Command => Duration::from_secs(10),
        }
    }
}

/// All persistent state of the provider, in one file.
///
/// A write is on disk when it is acknowledged. [`Maintenance::close`](super::Maintenance::close) tidies
/// up, but a store that is merely dropped, or a process that is killed, loses no acknowledged write.
pub struct SqliteStore {
    files: Arc<FileWatch>,
    readers: Readers,
    writer: Writer,
    /// The folder of a temporary store, which is deleted with the store.
    _folder: Option<TempDir>,
}

impl SqliteStore {
    /// Opens the database at `path`. Creates the file and its folders if they do not exist. Other
    /// processes may have the file open too.
    ///
    /// # Errors
    ///
    /// When the file cannot be written, is not a database of ours, or was written by a newer release.
    /// The source is an [`OpenError`], worded for operators.
    pub fn open(path: &Path, write_timeout: WriteTimeout) -> Result<Self, StoreError> {
        Self::open_by(Opening::Provider, path, write_timeout)
    }

    /// Opens the database at `path` for an operator's command. Never migrates one of an earlier release: its
    /// provider may be running.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); also when the database was written by an earlier release, or does not
    /// exist although `missing` says that it must.
    pub fn open_for_command(path: &Path, missing: Missing) -> Result<Self, StoreError> {
        Self::open_by(Opening::Command(missing), path, WriteTimeout::Command)
    }

    fn open_by(
        opening: Opening,
        path: &Path,
        write_timeout: WriteTimeout,
    ) -> Result<Self, StoreError> {
        let started = schema::open(path, opening)
            .and_then(|connection| Self::start(path, connection, write_timeout));
        started.map_err(|error| open_error(error, path))
    }

    /// Opens a new private database that is deleted with the store, for tests and demonstrations.
    ///
    /// # Errors
    ///
    /// When the machine's folder for temporary files cannot be written.
    pub fn temporary() -> Result<Self, StoreError> {
        let folder = tempfile::tempdir().map_err(|error| StoreError {
            step: "make a folder for its database",
            source: Box::new(error),
        })?;
        let path = folder.path().join("panda-oidc.db");
        let create = || {
            let connection = schema::open(&path, Opening::Provider)?;
            // The database is not used after a crash, so it needs no syncs.
            connection.pragma_update(None, "synchronous", "OFF")?;
            Self::start(&path, connection, WriteTimeout::Request)
        };
        let store = create().map_err(|error: OpenError| open_error(error, &path))?;
        Ok(Self {
            _folder: Some(folder),
            ..store
        })
    }

    fn start(
        path: &Path,
        mut connection: Connection,
        write_timeout: WriteTimeout,
    ) -> Result<Self, OpenError> {
        let readers = Readers::open(path)?;
        let files = FileWatch::start(path);
        let files = Arc::new(files.map_err(|error| OpenError::File(path.to_owned(), error))?);
        connection.busy_timeout(write_timeout.duration())?;
        let checkpoints = Checkpoints::start(path, &mut connection, write_timeout.duration())?;
        Ok(Self {
            writer: Writer::start(connection, checkpoints, Arc::clone(&files))?,
            readers,
            files,
            _folder: None,
        })
    }

    fn read<T>(
        &self,
        step: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let result = self
            .files
            .check_before_read()
            .and_then(|()| self.readers.read(work));
        result.map_err(|fault| fault.during(step))
    }

    async fn write<T: Send + 'static>(
        &self,
        step: &'static str,
        work: impl Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let written = self.writer.write(work).await;
        written.map_err(|fault| fault.during(step))
    }
}

fn open_error(error: OpenError, path: &Path) -> StoreError {
    StoreError {
        step: "open its database",
        source: Box::new(error.with_path(path)),
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}
