//! The queue of log lines, and the thread that writes them.

use std::fmt::Display;
use std::io::{self, Write};
use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// How many lines may wait to be written.
const MAX_QUEUED_LINES: usize = 32 * 1024;

/// How long the first line waits for others.
const GATHER_TIME: Duration = Duration::from_millis(2);

/// How many bytes are written in one call, apart from the last line.
const MAX_WRITE: usize = 64 * 1024;

/// A writer into the log. Each write is one line.
#[derive(Clone)]
pub(in crate::cli) struct Lines {
    queue: SyncSender<Entry>,
    lost: Arc<AtomicUsize>,
}

enum Entry {
    Line(Vec<u8>),
    /// Signals the sender when all earlier lines are written.
    Flush(SyncSender<()>),
}

impl Lines {
    /// Starts the thread that writes the lines.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub(super) fn open() -> io::Result<Self> {
        let (queue, entries) = sync_channel(MAX_QUEUED_LINES);
        let lost = Arc::new(AtomicUsize::new(0));
        let lines = Self {
            queue,
            lost: Arc::clone(&lost),
        };
        let writer = thread::Builder::new().name("log".to_owned());
        writer.spawn(move || write(&entries, &lost))?;
        Ok(lines)
    }

    /// Waits until the queued lines are written, at most for `timeout`.
    pub(super) fn flush_within(&self, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        let (sender, written) = sync_channel(1);
        let mut last = Entry::Flush(sender);
        while let Err(TrySendError::Full(entry)) = self.queue.try_send(last) {
            if Instant::now() > deadline {
                return;
            }
            thread::sleep(Duration::from_millis(10));
            last = entry;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        // A timeout means that stderr is not read.
        let _ = written.recv_timeout(left);
    }

    /// Adds a line.
    pub(in crate::cli) fn say(&self, line: &dyn Display) {
        self.add(format!("{line}\n").into_bytes());
    }

    fn add(&self, line: Vec<u8>) {
        if self.queue.try_send(Entry::Line(line)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.add(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the lines, all that wait in one call: under load, a call and a wake-up for each line would cost
/// more than the lines do.
fn write(entries: &Receiver<Entry>, lost: &AtomicUsize) {
    let mut stderr = io::stderr();
    let mut lines = Vec::new();
    while let Ok(first) = entries.recv() {
        thread::sleep(GATHER_TIME);
        let mut flushed = None;
        for entry in iter::once(first).chain(entries.try_iter()) {
            match entry {
                Entry::Line(line) => lines.extend_from_slice(&line),
                Entry::Flush(sender) => flushed = Some(sender),
            }
            if flushed.is_some() || lines.len() > MAX_WRITE {
                break;
            }
        }
        // An error is ignored: there is no other place to report it.
        let _ = stderr.write_all(&lines);
        lines.clear();
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let _ = writeln!(stderr, "{lost} lines are missing: the log was not read");
        }
        if let Some(sender) = flushed {
            let _ = sender.try_send(());
        }
    }
}
