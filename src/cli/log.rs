//! The log on stderr: lines are handed to a thread that writes them. Whoever reads too slowly loses
//! lines, and holds nobody up.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::Display;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};
use std::{panic, thread};

/// How many lines may wait to be written.
const MAX_QUEUED_LINES: usize = 32 * 1024;

/// How long the last ones may take at the end.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// The log of this process. What waits is written before it is dropped, if somebody reads.
pub(super) struct Log(Lines);

/// A way into the log, a line a write.
#[derive(Clone)]
pub(super) struct Lines {
    queue: SyncSender<Entry>,
    lost: Arc<AtomicUsize>,
}

enum Entry {
    Line(Vec<u8>),
    /// To be told when everything before is written.
    Written(SyncSender<()>),
}

impl Log {
    /// Opens it, for panics as well: their own way to stderr waits for its reader.
    ///
    /// # Errors
    ///
    /// When there can be no thread.
    pub(super) fn open() -> io::Result<Self> {
        let (queue, entries) = sync_channel(MAX_QUEUED_LINES);
        let lost = Arc::new(AtomicUsize::new(0));
        let lines = Lines {
            queue,
            lost: Arc::clone(&lost),
        };
        let writer = thread::Builder::new().name("log".to_owned());
        writer.spawn(move || write(entries, &lost))?;
        let ours = lines.clone();
        panic::set_hook(Box::new(move |panic| {
            ours.say(panic);
            let trace = Backtrace::capture();
            if trace.status() == BacktraceStatus::Captured {
                ours.say(&trace);
            }
        }));
        Ok(Self(lines))
    }

    /// A way into it.
    pub(super) fn lines(&self) -> Lines {
        self.0.clone()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let patience = Instant::now() + FLUSH_TIMEOUT;
        let (tell, written) = sync_channel(1);
        let mut last = Entry::Written(tell);
        while let Err(TrySendError::Full(again)) = self.0.queue.try_send(last) {
            if Instant::now() > patience {
                return;
            }
            thread::sleep(Duration::from_millis(10));
            last = again;
        }
        let left = patience.saturating_duration_since(Instant::now());
        // Nobody reads, then.
        let _ = written.recv_timeout(left);
    }
}

impl Lines {
    /// Adds a line.
    pub(super) fn say(&self, line: &dyn Display) {
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

fn write(entries: Receiver<Entry>, lost: &AtomicUsize) {
    let mut stderr = io::stderr();
    for entry in entries {
        match entry {
            // Where nothing can be written, nobody can be told of it.
            Entry::Line(line) => {
                let _ = stderr.write_all(&line);
                let lost = lost.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    let _ = writeln!(stderr, "{lost} lines are missing: the log was not read");
                }
            }
            Entry::Written(tell) => {
                let _ = tell.try_send(());
            }
        }
    }
}
