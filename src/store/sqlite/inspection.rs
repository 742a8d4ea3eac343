//! Looks at a database without creating, migrating or changing anything, for `panda-oidc check`.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, OpenFlags};

use super::schema::{self, MAGIC, OpenError};
use super::{SqliteStore, open_error, readings, signing_keys};
use crate::directory::Report;
use crate::keys::SealedKey;
use crate::private_dir;
use crate::store::StoreError;

/// What a database holds that decides whether the provider can start.
#[derive(Debug)]
pub struct Inspection {
    /// Whether the provider will migrate it: an earlier release has written it.
    pub is_older: bool,
    /// The sealed signing keys.
    pub keys: Vec<SealedKey>,
    /// What the last reading of the portal's list came to.
    pub report: Option<Report>,
}

impl SqliteStore {
    /// Looks at the database at `path`, which the provider may have open. `None` if the provider will
    /// create it.
    ///
    /// # Errors
    ///
    /// What would keep [`open`](Self::open) from opening it, for the user of this process.
    pub fn inspect(path: &Path) -> Result<Option<Inspection>, StoreError> {
        inspect(path).map_err(|error| open_error(error, path))
    }
}

fn inspect(path: &Path) -> Result<Option<Inspection>, OpenError> {
    let file_error = |error| OpenError::File(path.to_owned(), error);
    private_dir::check_writable(private_dir::parent_of(path)).map_err(file_error)?;
    let mut head = Vec::new();
    match open_for_writing(path).map_err(file_error)? {
        None => return Ok(None),
        Some(file) => file
            .take(MAGIC.len() as u64)
            .read_to_end(&mut head)
            .map_err(file_error)?,
    };
    let mut has_log = false;
    for suffix in ["-wal", "-shm"] {
        let path = with_suffix(path, suffix);
        let file = open_for_writing(&path).map_err(|error| OpenError::File(path, error))?;
        has_log |= suffix == "-wal" && file.is_some();
    }
    if head.is_empty() {
        return Ok(None);
    }
    if head != MAGIC {
        return Err(OpenError::NotOurs(path.to_owned()));
    }
    let sql = if has_log {
        schema::connect_to_read(path)?
    } else {
        connect_to_unused(path)?
    };
    let version = schema::identify(&sql, path)?;
    if version == 0 {
        return Ok(None);
    }
    Ok(Some(Inspection {
        is_older: version < schema::KNOWN,
        keys: if version < schema::KEY_SCHEDULE_SINCE {
            signing_keys::unscheduled_keys(&sql)?
        } else {
            signing_keys::keys(&sql)?
        },
        report: if version < schema::DIRECTORY_SINCE {
            None
        } else {
            readings::report(&sql)?
        },
    }))
}

/// Opens an existing file as the provider does. Nothing is written.
fn open_for_writing(path: &Path) -> io::Result<Option<File>> {
    match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = OsString::from(path);
    path.push(suffix);
    path.into()
}

/// Connects to a database without a write-ahead log: no process has it open. It is read as a file that
/// does not change, because SQLite would create an empty log beside it otherwise.
fn connect_to_unused(path: &Path) -> rusqlite::Result<Connection> {
    let path = percent_encode(path.as_os_str().as_encoded_bytes(), NON_ALPHANUMERIC);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(format!("file:{path}?immutable=1"), flags)
}
