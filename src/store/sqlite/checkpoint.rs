//! Checkpoints: moving the write-ahead log into the database without delaying logins.
//!
//! A thread with its own connection moves most of the log while the writer continues (a PASSIVE
//! checkpoint does not wait for other connections). SQLite restarts the log only at a moment when all
//! of it has been moved, but under load there is always a newer commit. So once the thread has nearly
//! caught up, the writer moves the few remaining pages between two commits. Its next commits then
//! overwrite the log from the start.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB};
use tracing::{debug, warn};

use super::schema;

/// Growth of the log, in pages, that starts a checkpoint: 4 MiB.
const CHECKPOINT_PAGES: i32 = 1000;

/// The most pages that may remain for the writer to move.
const REMAINDER_PAGES: i32 = 64;

/// How often the thread tries to catch up with the writer before it waits for the next wake-up.
const MAX_PASSES: usize = 8;

/// Length of the log, in pages, that is worth a warning: 64 MiB. Some program then keeps a read
/// transaction open.
const WARNING_PAGES: i32 = 16 * CHECKPOINT_PAGES;

/// How long the writer waits for readers of the log. A read takes some ten microseconds.
const READERS_TIMEOUT: Duration = Duration::from_millis(3);

/// The writer's side of checkpoints.
pub(super) struct Checkpoints {
    /// Length of the log in pages, as of the last commit.
    length: Arc<AtomicI32>,
    /// Length of the log when the thread was last woken.
    woken_at: i32,
    /// Whether the thread has caught up, so that the writer should move the rest.
    caught_up: Arc<AtomicBool>,
    /// The writer's own busy timeout.
    write_timeout: Duration,
    wake: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Checkpoints {
    /// Starts the thread, and makes `writer` record the length of the log.
    pub(super) fn start(
        path: &Path,
        writer: &mut Connection,
        write_timeout: Duration,
    ) -> Result<Self, schema::OpenError> {
        let connection = schema::connect(path)?;
        let length = Arc::new(AtomicI32::new(0));
        let caught_up = Arc::new(AtomicBool::new(false));
        let (wake, wakeups) = sync_channel(1);
        // The hook replaces SQLite's automatic checkpoints, which would run on the writer.
        let count = Arc::clone(&length);
        writer.wal_hook(Some(move |_: &mut _, pages| {
            count.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        let thread_caught_up = Arc::clone(&caught_up);
        let thread = thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || run(&connection, &wakeups, &thread_caught_up))?;
        Ok(Self {
            length,
            woken_at: 0,
            caught_up,
            write_timeout,
            wake,
            thread,
        })
    }

    /// Runs between commits. If the thread has caught up, moves the remaining pages, so that the log
    /// restarts. If the log has grown enough, wakes the thread.
    pub(super) fn after_commit(&mut self, writer: &Connection) {
        if self.caught_up.swap(false, Ordering::Relaxed)
            && let Err(error) = restart(writer, self.write_timeout)
        {
            // Readers still used the log. It is tried again after a later commit.
            debug!(%error, "The log of the store goes on");
        }
        let length = self.length.load(Ordering::Relaxed);
        if length < self.woken_at {
            self.woken_at = 0; // the log has restarted
        }
        if length - self.woken_at >= CHECKPOINT_PAGES {
            self.woken_at = length;
            // A full channel means that a wake-up is already pending.
            let _ = self.wake.try_send(());
        }
    }

    /// Ends the thread.
    pub(super) fn end(self) {
        drop(self.wake);
        if self.thread.join().is_err() {
            warn!("The thread that moves the log of the store panicked");
        }
    }
}

/// Moves the remaining pages. Afterwards the busy timeout of `writer` is `write_timeout` again.
fn restart(writer: &Connection, write_timeout: Duration) -> rusqlite::Result<()> {
    writer.busy_timeout(READERS_TIMEOUT)?;
    let restarted = writer.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::RESTART);
    writer.busy_timeout(write_timeout)?;
    restarted.map(drop)
}

fn run(connection: &Connection, wakeups: &Receiver<()>, caught_up: &AtomicBool) {
    while wakeups.recv().is_ok() {
        match catch_up(connection) {
            Ok(remaining) if remaining <= REMAINDER_PAGES => {
                caught_up.store(true, Ordering::Relaxed);
            }
            Ok(remaining) if remaining >= WARNING_PAGES => warn!(
                store.log_pages = remaining,
                "The log of the store grows: another program keeps the database open for reading"
            ),
            Ok(_) => {}
            Err(error) => warn!(%error, "The log of the store cannot be moved into the database"),
        }
    }
}

/// Moves the log until little of it remains. Returns the number of remaining pages.
fn catch_up(connection: &Connection) -> rusqlite::Result<i32> {
    let mut remaining = 0;
    for _ in 0..MAX_PASSES {
        let (length, moved) =
            connection.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::PASSIVE)?;
        remaining = length - moved;
        if remaining <= REMAINDER_PAGES {
            break;
        }
    }
    Ok(remaining)
}
