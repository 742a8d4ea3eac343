//! The store in one SQLite file.
//!
//! One thread writes, and commits what came at the same time together; reads are done where they
//! are asked for; a second thread moves the log into the database. The SQL of a step stands beside
//! the trait it is a step of.

mod checkpoint;
mod column;
mod fault;
mod grant_rows;
mod grants;
mod history;
mod links;
mod logout_deliveries;
mod maintenance;
mod people;
mod readers;
mod readings;
mod refresh_tokens;
mod replay_cache;
mod schema;
mod sessions;
mod signing_keys;
mod user_listing;
mod writer;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;

use self::checkpoint::Checkpoints;
use self::readers::Readers;
pub use self::schema::OpenError;
use self::writer::Writer;
use super::StoreError;

/// Everything the product keeps, in one file.
///
/// What was answered is on disk. [`Upkeep::close`](super::Upkeep::close) tidies up; a store that is
/// just dropped, or a process that is killed, loses nothing of what was answered.
pub struct SqliteStore {
    readers: Readers,
    writer: Writer,
    /// The folder of a temporary store; it goes with the store.
    _folder: Option<TempDir>,
}

impl SqliteStore {
    /// Opens the database at `path`, for whose making only the folder above its own must be
    /// writable. Other processes may have it open too.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or is not ours, or a newer release's: the source is an
    /// [`OpenError`], made to be read by an operator.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let started = schema::open(path).and_then(|connection| Self::start(path, connection));
        started.map_err(|error| open_error(error, path))
    }

    /// Opens a new database that nobody else knows, and that is gone with the store: for tests and
    /// demonstrations.
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
        let begin = || {
            let connection = schema::open(&path)?;
            // Nobody looks at it after a crash.
            connection.pragma_update(None, "synchronous", "OFF")?;
            Self::start(&path, connection)
        };
        let store = begin().map_err(|error: OpenError| open_error(error, &path))?;
        Ok(Self {
            _folder: Some(folder),
            ..store
        })
    }

    fn start(path: &Path, mut connection: Connection) -> Result<Self, OpenError> {
        let checkpoints = Checkpoints::start(path, &mut connection)?;
        Ok(Self {
            readers: Readers::open(path)?,
            writer: Writer::start(connection, checkpoints)?,
            _folder: None,
        })
    }

    fn read<T>(
        &self,
        step: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.readers.read(work).map_err(|fault| fault.during(step))
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
        source: Box::new(error.about(path)),
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}
