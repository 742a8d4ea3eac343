//! The file: how it is made, told from others, brought up to date and connected to.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::FromSql;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags, TransactionBehavior};

use crate::private_dir;

/// How long to wait for another process that writes, such as a command of ours.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// What marks a database as ours, in its header: "POID".
pub(super) const APPLICATION_ID: i32 = 0x504f_4944;

/// What the first release made.
pub(super) const FIRST_SCHEMA: &str = include_str!("migrations/0001_begin.sql");

/// The steps from an empty database to the present one, each with the `user_version` it leads to.
/// What was released is never changed, only added to.
const MIGRATIONS: [(i64, &str); 6] = [
    (1, FIRST_SCHEMA),
    (2, include_str!("migrations/0002_spent.sql")),
    (3, include_str!("migrations/0003_logout_deliveries.sql")),
    (4, include_str!("migrations/0004_refresh_tokens.sql")),
    (5, include_str!("migrations/0005_links.sql")),
    (6, include_str!("migrations/0006_directory.sql")),
];

/// The version of the schema this program knows.
const KNOWN: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

/// What every SQLite database begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

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
    /// Another program holds it.
    #[error("{0} is locked by another program; end that, such as a backup or an SQLite shell")]
    Locked(PathBuf),
    /// What the file holds contradicts itself.
    #[error("{0} is damaged; restore it from the backup, together with the master key file")]
    Damaged(PathBuf),
    /// The disk failed, or is full.
    #[error("{0} cannot be read or written ({1}); see whether its disk has room, and is sound")]
    Disk(PathBuf, rusqlite::Error),
    /// The file is something else.
    #[error("{0} is not a database of panda-oidc; choose another path, or move that file away")]
    NotOurs(PathBuf),
    /// A newer release has written it.
    #[error(
        "{path} was written by a newer panda-oidc (schema {found}, this one knows {KNOWN}); \
         run that release, or restore the backup from before the upgrade"
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// The version of its schema.
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
    /// Tells an error of SQLite's in words that help, where there are any.
    pub(super) fn about(self, path: &Path) -> Self {
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

/// Makes the file if there is none, and connects to it as the one who writes.
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    if !create(path).map_err(|error| OpenError::File(path.to_owned(), error))? {
        return Err(OpenError::NotOurs(path.to_owned()));
    }
    let mut connection = connect(path)?;
    identify(&connection, path)?;
    use_log(&connection, path)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Connects to write.
pub(super) fn connect(path: &Path) -> Result<Connection, OpenError> {
    let connection = connection(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch(
        // FULL: what is committed survives a power failure. The log is cut back to 64 MiB should
        // it ever have been longer.
        "PRAGMA synchronous = FULL;
         PRAGMA cache_size = -16384;
         PRAGMA temp_store = MEMORY;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    Ok(connection)
}

/// Connects to read.
pub(super) fn connect_to_read(path: &Path) -> Result<Connection, OpenError> {
    let connection = connection(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

fn connection(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    // Each connection is used by one thread at a time, so it needs no lock of its own.
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Else SQLite prepares a statement anew for each time or digest it is asked with, in the hope
    // of a better plan. Ours have one good plan, and preparing takes longer than running.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// Creates the file for its owner alone, and its folder. Until both are on disk as well, what is
/// committed into the file is not safe either. Says whether it is empty or a database: SQLite
/// itself would write over a file of a few bytes, whatever they are.
fn create(path: &Path) -> io::Result<bool> {
    private_dir::create(private_dir::of(path))?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    file.sync_all()?;
    private_dir::sync(private_dir::of(path))?;
    let mut begin = Vec::new();
    file.take(MAGIC.len() as u64).read_to_end(&mut begin)?;
    Ok(begin.is_empty() || begin == MAGIC)
}

/// Refuses a file that is not ours before anything in it is changed.
fn identify(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    if connection.is_readonly(MAIN_DB)? {
        return Err(OpenError::ReadOnly(path.to_owned()));
    }
    // One snapshot: another process may be about to make the schema.
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
    Ok(())
}

/// Has the database keep a write-ahead log, so that readers and the writer do not wait for each
/// other.
fn use_log(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    // SQLite does not wait here by itself when another process is about to do the same.
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

/// Brings the schema up to date; of processes that start at once, one does it.
fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    if pragma::<i64>(connection, "user_version")? >= KNOWN {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let taken: i64 = pragma(&transaction, "user_version")?;
    for (version, step) in MIGRATIONS {
        if version > taken {
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
