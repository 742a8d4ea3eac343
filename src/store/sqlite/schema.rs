//! The database file: creating, recognising and migrating it, and connecting to it.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::FromSql;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags, TransactionBehavior};

use crate::private_dir;

/// How long opening waits while another process migrates or writes.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a read waits. Another process blocks reads only while it recovers the write-ahead log.
const READ_TIMEOUT: Duration = Duration::from_millis(500);

/// Marks a database as ours in its header: "POID".
pub(super) const APPLICATION_ID: i32 = 0x504f_4944;

/// The schema of the first release.
pub(super) const FIRST_SCHEMA: &str = include_str!("migrations/0001_begin.sql");

/// The migrations from an empty database to the current schema, each with the `user_version` it leads
/// to. A released migration is never changed; a change is a new migration.
const MIGRATIONS: [(i64, &str); 9] = [
    (1, FIRST_SCHEMA),
    (2, include_str!("migrations/0002_spent.sql")),
    (3, include_str!("migrations/0003_logout_deliveries.sql")),
    (4, include_str!("migrations/0004_refresh_tokens.sql")),
    (5, include_str!("migrations/0005_links.sql")),
    (6, include_str!("migrations/0006_directory.sql")),
    (7, include_str!("migrations/0007_due_by_client.sql")),
    (8, include_str!("migrations/0008_keys.sql")),
    (9, include_str!("migrations/0009_admin_tokens.sql")),
];

/// The schema version of this program.
pub(super) const KNOWN: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

/// The first schema version with what is known of the portal's list.
pub(super) const DIRECTORY_SINCE: i64 = 6;

/// The first schema version with the time from which a key signs.
pub(super) const KEY_SCHEDULE_SINCE: i64 = 8;

/// The first bytes of every SQLite database.
pub(super) const MAGIC: &[u8] = b"SQLite format 3\0";

/// Who opens a database, and so what opening may do to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// The provider creates and migrates it.
    Provider,
    /// A command does not migrate it, since a provider of the earlier release may have it open.
    Command(Missing),
    /// It is a private copy, which must have something in it, and is migrated.
    Copy,
}

/// What a command does without a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It creates the database, because it has something to store.
    Create,
    /// It refuses, because there is nothing to read.
    Refuse,
}

/// Why a database was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file or its folder cannot be created or opened.
    #[error(
        "{0} cannot be opened for reading and writing ({1}); let the user panda-oidc runs as write \
         it and its folder, or choose another path"
    )]
    File(PathBuf, io::Error),
    /// The file may be read but not written.
    #[error("{0} is write-protected; let the user panda-oidc runs as write it")]
    ReadOnly(PathBuf),
    /// Another program has locked the file.
    #[error("{0} is locked by another program; end that, such as a backup or an SQLite shell")]
    Locked(PathBuf),
    /// The content of the file is corrupt.
    #[error("{0} is damaged; restore it from the backup, together with the master key file")]
    Damaged(PathBuf),
    /// The disk failed, or is full.
    #[error("{0} cannot be read or written ({1}); see whether its disk has room, and is sound")]
    Disk(PathBuf, rusqlite::Error),
    /// The file is not a database of ours.
    #[error("{0} is not a database of panda-oidc; choose another path, or move that file away")]
    NotOurs(PathBuf),
    /// There is no database yet, and the command does not create one.
    #[error(
        "{path} {what}, so there is nothing in it to read or change; see whether store.path is the \
         one that the provider uses. `serve` makes it at its first start"
    )]
    Absent {
        /// The file.
        path: PathBuf,
        /// That it does not exist, or is empty.
        what: &'static str,
    },
    /// An earlier release has written the file, and the command does not migrate it.
    #[error(
        "{path} was written by an older panda-oidc (schema {found}, this one knows {KNOWN}), and only \
         `serve` migrates it; back it up and restart the provider with this release first"
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
    },
    /// A newer release has written the file.
    #[error(
        "{path} was written by a newer panda-oidc (schema {found}, this one knows {KNOWN}); \
         run that release, or restore the backup from before the upgrade"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
    },
    /// The file system cannot share memory between processes.
    #[error(
        "{0} is on a file system without shared memory, as network file systems are; use a local disk"
    )]
    NoSharedMemory(PathBuf),
    /// A thread could not be started.
    #[error("a thread could not be started")]
    Thread(#[from] io::Error),
    /// SQLite's own error.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

impl OpenError {
    /// The error about a copy as one about the file `path` that it was copied from.
    pub(super) fn of_original(mut self, original: &Path) -> Self {
        match &mut self {
            Self::File(path, _)
            | Self::ReadOnly(path)
            | Self::Locked(path)
            | Self::Damaged(path)
            | Self::Disk(path, _)
            | Self::NotOurs(path)
            | Self::NoSharedMemory(path)
            | Self::Absent { path, .. }
            | Self::Older { path, .. }
            | Self::Newer { path, .. } => original.clone_into(path),
            Self::Thread(_) | Self::Sqlite(_) => {}
        }
        self
    }

    /// Replaces SQLite's error with a more helpful one for `path`, where there is one.
    pub(super) fn with_path(self, path: &Path) -> Self {
        let Self::Sqlite(error) = self else {
            return self;
        };
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotOurs(path),
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged(path),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked(path),
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => Self::Disk(path, error),
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) => {
                Self::File(path, io::Error::other(error))
            }
            _ => Self::Sqlite(error),
        }
    }
}

/// Connects to write. Creates and migrates the file as far as `opening` allows.
pub(super) fn open(path: &Path, opening: Opening) -> Result<Connection, OpenError> {
    let file_error = |error| OpenError::File(path.to_owned(), error);
    let absent = |what| OpenError::Absent {
        path: path.to_owned(),
        what,
    };
    let may_create = !matches!(opening, Opening::Command(Missing::Refuse) | Opening::Copy);
    let may_migrate = !matches!(opening, Opening::Command(_));
    if !may_create && !path.try_exists().map_err(file_error)? {
        return Err(absent("does not exist"));
    }
    if !create(path).map_err(file_error)? {
        return Err(OpenError::NotOurs(path.to_owned()));
    }
    let mut connection = connect(path)?;
    if connection.is_readonly(MAIN_DB)? {
        return Err(OpenError::ReadOnly(path.to_owned()));
    }
    let found = identify(&connection, path)?;
    if found == 0 && !may_create {
        return Err(absent("is empty"));
    }
    if found != 0 && found < KNOWN && !may_migrate {
        let path = path.to_owned();
        return Err(OpenError::Older { path, found });
    }
    enable_wal(&connection, path)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Connects to write.
pub(super) fn connect(path: &Path) -> Result<Connection, OpenError> {
    let connection = connection(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(OPEN_TIMEOUT)?;
    connection.execute_batch(
        // FULL: a commit survives a power failure. The log is truncated to 64 MiB if it was ever
        // longer. What is deleted is overwritten: a name that was forgotten is in no copy of the file.
        "PRAGMA synchronous = FULL;
         PRAGMA secure_delete = ON;
         PRAGMA cache_size = -16384;
         PRAGMA temp_store = MEMORY;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    Ok(connection)
}

/// Connects to read.
pub(super) fn connect_to_read(path: &Path) -> Result<Connection, OpenError> {
    let connection = connection(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(READ_TIMEOUT)?;
    Ok(connection)
}

fn connection(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    // Each connection is used by one thread at a time, so it needs no lock of its own.
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Without this, SQLite prepares a statement again for new parameter values, in search of a
    // better plan. Our statements have one good plan, and preparing takes longer than running.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// Creates the file and its folder, readable by the owner only. Syncs both, because a commit in a file
/// is only safe once the file and its folder entry are on disk.
///
/// Returns whether the file is empty or an SQLite database. SQLite itself would overwrite a short file
/// with any content.
fn create(path: &Path) -> io::Result<bool> {
    let folder = private_dir::parent_of(path);
    private_dir::create(folder)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = match options.clone().create_new(true).open(path) {
        Ok(file) => {
            private_dir::give_to_owner_of(folder, &file);
            file
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            options.create(true).truncate(false).open(path)?
        }
        Err(error) => return Err(error),
    };
    file.sync_all()?;
    private_dir::sync(folder)?;
    let mut head = Vec::new();
    file.take(MAGIC.len() as u64).read_to_end(&mut head)?;
    Ok(head.is_empty() || head == MAGIC)
}

/// Refuses a file that is not ours, before any change to it. Returns its schema version: 0 for an empty file.
pub(super) fn identify(connection: &Connection, path: &Path) -> Result<i64, OpenError> {
    // Read in one snapshot, because another process may be creating the schema.
    let snapshot = connection.unchecked_transaction()?;
    let application: i64 = pragma(&snapshot, "application_id")?;
    let version: i64 = pragma(&snapshot, "user_version")?;
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = snapshot.query_row(tables, [], |row| row.get(0))?;
    let is_new = application == 0 && version == 0 && tables == 0;
    if !is_new && application != i64::from(APPLICATION_ID) {
        return Err(OpenError::NotOurs(path.to_owned()));
    }
    if version > KNOWN {
        let path = path.to_owned();
        return Err(OpenError::Newer {
            path,
            found: version,
        });
    }
    Ok(version)
}

/// Enables the write-ahead log, so that readers and the writer do not wait for each other.
fn enable_wal(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    // The busy timeout does not apply here when another process does the same at that moment.
    for _ in 0..100 {
        match pragma::<String>(connection, "journal_mode = WAL") {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(_) => return Err(OpenError::NoSharedMemory(path.to_owned())),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                thread::sleep(Duration::from_millis(20));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(pragma::<String>(connection, "journal_mode = WAL").map(drop)?)
}

/// Migrates the schema to the current version. Of processes that start at the same time, one does it.
fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    if pragma::<i64>(connection, "user_version")? >= KNOWN {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let current: i64 = pragma(&transaction, "user_version")?;
    for (version, step) in MIGRATIONS {
        if version > current {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", version)?;
        }
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(transaction.commit()?)
}

fn pragma<T: FromSql>(connection: &Connection, pragma: &str) -> rusqlite::Result<T> {
    connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))
}
