//! Moving the write-ahead log into the database, beside the logins.
//!
//! The bulk is moved by a thread and a connection of its own while the writer goes on (a PASSIVE
//! checkpoint waits for nobody). But the log starts over only at a moment when all of it has been
//! moved, and under load there is always a newer commit. So once the thread has nearly caught up,
//! the writer moves the few pages left between two commits, and writes its next ones over the old.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB};
use tracing::{debug, warn};

use super::schema::{self, BUSY_TIMEOUT};

/// How many pages the log grows before they are moved: 4 MiB.
const CHECKPOINT_PAGES: i32 = 1000;

/// How many pages may be left for the writer to move.
const REMAINDER_PAGES: i32 = 64;

/// How often the thread tries to catch up with the writer before it waits for more.
const MAX_PASSES: usize = 8;

/// A log of so many pages (64 MiB) is worth a warning: somebody keeps a read transaction open.
const WARNING_PAGES: i32 = 16 * CHECKPOINT_PAGES;

/// How long the writer waits for readers to leave the log; they take some ten microseconds.
const READERS_TIMEOUT: Duration = Duration::from_millis(3);

/// The writer's side of it.
pub(super) struct Checkpoints {
    /// How long the log is, in pages, as of the last commit.
    length: Arc<AtomicI32>,
    /// How long it was when the thread was asked last.
    asked_at: i32,
    /// Whether the thread has caught up and the writer shall move the rest.
    caught_up: Arc<AtomicBool>,
    ask: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Checkpoints {
    /// Starts the thread, and has `writer` count what it writes.
    pub(super) fn start(path: &Path, writer: &mut Connection) -> Result<Self, schema::OpenError> {
        let connection = schema::connect(path)?;
        let length = Arc::new(AtomicI32::new(0));
        let caught_up = Arc::new(AtomicBool::new(false));
        let (ask, asked) = sync_channel(1);
        // The hook takes the place of SQLite's own checkpoints, which the writer would have to do.
        let count = Arc::clone(&length);
        writer.wal_hook(Some(move |_: &mut _, pages| {
            count.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        let told = Arc::clone(&caught_up);
        let thread = thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || run(&connection, &asked, &told))?;
        Ok(Self {
            length,
            asked_at: 0,
            caught_up,
            ask,
            thread,
        })
    }

    /// Between commits: moves what is left, if the thread has caught up, so that the log can start
    /// over; wakes the thread if the log has grown enough.
    pub(super) fn tend(&mut self, writer: &Connection) {
        if self.caught_up.swap(false, Ordering::Relaxed)
            && let Err(error) = restart(writer)
        {
            // Readers were in the way; the next time will do.
            debug!(%error, "The log of the store goes on");
        }
        let length = self.length.load(Ordering::Relaxed);
        if length < self.asked_at {
            self.asked_at = 0; // it has started over
        }
        if length - self.asked_at >= CHECKPOINT_PAGES {
            self.asked_at = length;
            // Full means it has been asked already.
            let _ = self.ask.try_send(());
        }
    }

    /// Ends the thread.
    pub(super) fn end(self) {
        drop(self.ask);
        if self.thread.join().is_err() {
            warn!("The thread that moves the log of the store panicked");
        }
    }
}

fn restart(writer: &Connection) -> rusqlite::Result<()> {
    writer.busy_timeout(READERS_TIMEOUT)?;
    let restarted = writer.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::RESTART);
    writer.busy_timeout(BUSY_TIMEOUT)?;
    restarted.map(drop)
}

fn run(connection: &Connection, asked: &Receiver<()>, caught_up: &AtomicBool) {
    while asked.recv().is_ok() {
        match catch_up(connection) {
            Ok(left) if left <= REMAINDER_PAGES => caught_up.store(true, Ordering::Relaxed),
            Ok(left) if left >= WARNING_PAGES => warn!(
                store.log_pages = left,
                "The log of the store grows: another program keeps the database open for reading"
            ),
            Ok(_) => {}
            Err(error) => warn!(%error, "The log of the store cannot be moved into the database"),
        }
    }
}

/// Moves the log until little of it is left. Returns how many pages are.
fn catch_up(connection: &Connection) -> rusqlite::Result<i32> {
    let mut left = 0;
    for _ in 0..MAX_PASSES {
        let (length, moved) =
            connection.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::PASSIVE)?;
        left = length - moved;
        if left <= REMAINDER_PAGES {
            break;
        }
    }
    Ok(left)
}
