//! The store in one SQLite file.
//!
//! One thread writes, and commits what came at the same time together; reads are done where they
//! are asked for; a second thread moves the log into the database. The SQL of a step stands beside
//! the trait it is a step of.

mod checkpoint;
mod column;
mod deliveries;
mod fault;
mod grants;
mod keys;
mod links;
mod people;
mod readers;
mod readings;
mod refresh_tokens;
mod roll;
mod schema;
mod sessions;
mod spent;
mod upkeep;
mod writer;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;

use rusqlite::Connection;

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
        Self::start(path).map_err(|error| StoreError {
            step: "open its database",
            source: Box::new(error.about(path)),
        })
    }

    fn start(path: &Path) -> Result<Self, OpenError> {
        let mut connection = schema::open(path)?;
        let checkpoints = Checkpoints::start(path, &mut connection)?;
        Ok(Self {
            readers: Readers::open(path)?,
            writer: Writer::start(connection, checkpoints)?,
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

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}
