//! A backup: a database in a file that no provider uses.

use std::fs;
use std::io;
use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;

use super::inspection::with_suffix;
use super::schema::{self, Opening};
use super::{OpenError, SqliteStore, open_error, signing_keys};
use crate::keys::SealedKey;
use crate::store::{StoreError, TableReader};

/// The data of a backup, read from a private copy of it, which was migrated to this release. The file itself is only
/// read.
pub struct Backup {
    /// The tables.
    pub tables: Box<dyn TableReader>,
    /// The sealed signing keys.
    pub keys: Vec<SealedKey>,
    _folder: TempDir,
}

impl SqliteStore {
    /// Opens the backup at `path`, which may be of an earlier release.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is damaged, or is no database of ours or that of a newer release.
    pub fn open_backup(path: &Path) -> Result<Backup, StoreError> {
        let opened = open_backup(path).map_err(|error| error.with_path(path).of_original(path));
        let (folder, keys) = opened.map_err(|error| open_error(error, path))?;
        Ok(Backup {
            tables: Self::read_tables(&folder.path().join(COPY))?,
            keys,
            _folder: folder,
        })
    }
}

/// The name of the copy.
const COPY: &str = "backup.db";

fn open_backup(path: &Path) -> Result<(TempDir, Vec<SealedKey>), OpenError> {
    let file_error = |error: io::Error| OpenError::File(path.to_owned(), error);
    let folder = tempfile::tempdir().map_err(file_error)?;
    let copy = folder.path().join(COPY);
    fs::copy(path, &copy).map_err(file_error)?;
    // A copy of the files of a provider has a log.
    let log = with_suffix(path, "-wal");
    if log.exists() {
        fs::copy(&log, with_suffix(&copy, "-wal")).map_err(file_error)?;
    }
    let connection = schema::open(&copy, Opening::Copy)?;
    if !damage(&connection)?.is_empty() {
        return Err(OpenError::Damaged(path.to_owned()));
    }
    let keys = signing_keys::keys(&connection)?;
    Ok((folder, keys))
}

/// What SQLite finds wrong: damaged pages, indexes that miss rows.
pub(super) fn damage(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut check = connection.prepare("PRAGMA integrity_check")?;
    let found = check.query_map([], |row| row.get::<_, String>(0))?;
    let mut found = found.collect::<rusqlite::Result<Vec<_>>>()?;
    found.retain(|line| line != "ok");
    Ok(found)
}
