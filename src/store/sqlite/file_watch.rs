//! Notices that the database was deleted or replaced, or its log emptied, while it is open.
//!
//! An open file outlives its name. Without this check, the program would go on to confirm sign-ins and
//! logouts that it writes to a deleted file, and lose them all at the next start.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::fault::Fault;

/// How long a read trusts the last check.
const READ_INTERVAL: Duration = Duration::from_secs(1);

/// How long the beginning of a write trusts it. The end of a write trusts nothing.
const WRITE_INTERVAL: Duration = Duration::from_millis(50);

/// The files of an open database, by what SQLite appends to the path. The last one is the index of the log,
/// which all processes must share.
const SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];

/// The write-ahead log among them.
const LOG: usize = 1;

/// The first bytes of a write-ahead log, without the bit for the byte order of its checksums.
const LOG_MAGIC: [u8; 3] = [0x37, 0x7f, 0x06];

/// The files of the database as they were when it was opened.
pub(super) struct FileWatch {
    files: Vec<(PathBuf, FileId)>,
    log: File,
    opened_at: Instant,
    /// When the files were last found unchanged, in milliseconds after `opened_at`.
    checked_at: AtomicU64,
}

impl FileWatch {
    /// Records the files of the database at `path`, which is open and has been read.
    pub(super) fn start(path: &Path) -> io::Result<Self> {
        let files = SUFFIXES.iter().map(|suffix| {
            let mut path = path.as_os_str().to_owned();
            path.push(suffix);
            let path = PathBuf::from(path);
            let id = FileId::of(&path)?;
            Ok((path, id))
        });
        let files = files.collect::<io::Result<Vec<_>>>()?;
        Ok(Self {
            log: File::open(&files[LOG].0)?,
            files,
            opened_at: Instant::now(),
            checked_at: AtomicU64::new(0),
        })
    }

    /// Checks the files before a read, unless they were found unchanged in the last second.
    ///
    /// # Errors
    ///
    /// [`Fault::Gone`] if a file was deleted or replaced.
    pub(super) fn check_before_read(&self) -> Result<(), Fault> {
        self.check_unless_trusted(READ_INTERVAL)
    }

    /// Checks the files before a write, unless they were found unchanged a moment ago. A write that fails
    /// here has changed nothing.
    ///
    /// # Errors
    ///
    /// As [`check_before_read`](Self::check_before_read).
    pub(super) fn check_before_write(&self) -> Result<(), Fault> {
        self.check_unless_trusted(WRITE_INTERVAL)
    }

    fn check_unless_trusted(&self, interval: Duration) -> Result<(), Fault> {
        let trusted_until = self.checked_at.load(Ordering::Relaxed) + millis(interval);
        if self.now() < trusted_until {
            return Ok(());
        }
        self.check()
    }

    /// Checks the files. After a commit, success means that the commit is in the files of the next start.
    ///
    /// # Errors
    ///
    /// As [`check_before_read`](Self::check_before_read).
    pub(super) fn check(&self) -> Result<(), Fault> {
        let now = self.now();
        let changed = |(path, id): &&(PathBuf, FileId)| match FileId::of(path) {
            Ok(found) => found != *id,
            // Without permission to look, the files may well be there, and the open ones still work.
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if let Some((path, _)) = self.files.iter().find(changed) {
            return Err(Fault::Gone(path.clone()));
        }
        if has_lost_its_beginning(&self.log) {
            return Err(Fault::Emptied(self.files[LOG].0.clone()));
        }
        self.checked_at.store(now, Ordering::Relaxed);
        Ok(())
    }

    fn now(&self) -> u64 {
        millis(self.opened_at.elapsed())
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Whether commits lie behind a beginning that is no longer there: a log that another program emptied is
/// written on where it was. The next start would take such a log for an empty one. A log that SQLite itself
/// has emptied begins anew, with its first bytes.
#[cfg(unix)]
fn has_lost_its_beginning(log: &File) -> bool {
    use std::os::unix::fs::FileExt as _;
    let mut head = LOG_MAGIC;
    log.read_exact_at(&mut head, 0).is_ok() && head != LOG_MAGIC
}

/// On other systems an open file cannot be emptied.
#[cfg(not(unix))]
fn has_lost_its_beginning(_: &File) -> bool {
    false
}

/// Identifies a file independently of its name.
#[derive(PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    #[cfg(unix)]
    fn of(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = path.metadata()?;
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }

    /// On other systems an open file cannot be deleted, so its existence is enough.
    #[cfg(not(unix))]
    fn of(path: &Path) -> io::Result<Self> {
        path.metadata().map(|_| Self {
            device: 0,
            inode: 0,
        })
    }
}
