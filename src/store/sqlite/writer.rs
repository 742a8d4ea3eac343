//! The writer: the one thread that writes.
//!
//! It runs all waiting jobs, up to [`MAX_BATCH`], in one transaction, and responds once its COMMIT has
//! returned. Concurrent callers thus share a single sync of the disk, and while there are several, the
//! writer waits a moment for more (`commit_delay` in PostgreSQL). To the writer, jobs are only SQL;
//! the modules that submit them know their meaning.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::checkpoint::Checkpoints;
use super::fault::Fault;
use super::file_watch::FileWatch;

/// The most jobs in one transaction. It bounds how long the first of them waits for its result.
const MAX_BATCH: usize = 512;

/// How many jobs the last transaction must have had for the next one to wait a moment for more of them.
const COMMIT_SIBLINGS: usize = 2;

/// How long it waits. On a fast disk, a sync would otherwise be over before it could be shared.
const COMMIT_DELAY: Duration = Duration::from_micros(250);

/// How often it waits, at most, for as many jobs as the last transaction had. Callers that take turns
/// thus end up in one transaction, and those of a load that has ended hold nobody up.
const MAX_COMMIT_DELAYS: usize = 4;

/// The most jobs in the queue. Later callers wait until there is room.
const MAX_QUEUED: usize = 4096;

/// A handle to the writer thread.
pub(super) struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(
        connection: Connection,
        checkpoints: Checkpoints,
        files: Arc<FileWatch>,
    ) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel(MAX_QUEUED);
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(&connection, queue, checkpoints, &files))?;
        Ok(Self {
            jobs,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Runs `work` in a transaction, and returns once its result is on disk.
    ///
    /// Work that fails is undone as a whole. It may run twice if another job of its batch fails, so it
    /// must depend on nothing but the database.
    pub(super) async fn write<T, W>(&self, work: W) -> Result<T, Fault>
    where
        T: Send + 'static,
        W: Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, result) = oneshot::channel();
        let step = Box::new(Step {
            work,
            reply,
            outcome: None,
        });
        self.jobs.send(step).await.map_err(|_| Fault::Closed)?;
        result.await.map_err(|_| Fault::Closed)?
    }

    /// Finishes all queued jobs, then ends the thread. Later jobs are refused.
    pub(super) async fn close(&self) -> Result<(), Fault> {
        let (reply, result) = oneshot::channel();
        let last = Box::new(Shutdown(reply));
        self.jobs.send(last).await.map_err(|_| Fault::Closed)?;
        let committed = result.await.map_err(|_| Fault::Closed)?;
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // The thread only has to close its connection, but that moves the log into the database,
            // which may block.
            let ended = tokio::task::spawn_blocking(|| thread.join()).await;
            ended
                .map_err(|_| Fault::Panicked)?
                .map_err(|_| Fault::Panicked)?;
        }
        committed
    }
}

/// A job for the writer thread.
trait Job: Send {
    /// Does the work and stores its outcome. Returns whether it succeeded.
    fn run(&mut self, connection: &Connection) -> bool;

    /// Sends the result to the waiting caller. `committed` is the outcome of the transaction.
    fn respond(self: Box<Self>, committed: Result<(), Fault>);

    /// Whether the queue closes after this job.
    fn is_last(&self) -> bool {
        false
    }
}

/// One step of the store: a closure and the caller that waits for its result.
struct Step<T, W> {
    work: W,
    reply: oneshot::Sender<Result<T, Fault>>,
    outcome: Option<Result<T, Fault>>,
}

impl<T, W> Job for Step<T, W>
where
    T: Send,
    W: Fn(&Connection) -> rusqlite::Result<T> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        // Unwind safe: the closure changes only the database, and that is rolled back.
        let done = catch_unwind(AssertUnwindSafe(|| (self.work)(connection)));
        let outcome = match done {
            Ok(outcome) => outcome.map_err(Fault::from),
            Err(_) => Err(Fault::Panicked),
        };
        self.outcome.insert(outcome).is_ok()
    }

    fn respond(self: Box<Self>, committed: Result<(), Fault>) {
        let result = match (self.outcome, committed) {
            (Some(Ok(done)), Ok(())) => Ok(done),
            (Some(Err(failure)), _) => Err(failure),
            (_, Err(commit_failure)) => Err(commit_failure),
            (None, Ok(())) => Err(Fault::Closed),
        };
        // Without a receiver, the request was abandoned meanwhile. The commit remains.
        let _ = self.reply.send(result);
    }
}

/// The last job, which closes the queue.
struct Shutdown(oneshot::Sender<Result<(), Fault>>);

impl Job for Shutdown {
    fn run(&mut self, _: &Connection) -> bool {
        true
    }

    fn respond(self: Box<Self>, committed: Result<(), Fault>) {
        let _ = self.0.send(committed);
    }

    fn is_last(&self) -> bool {
        true
    }
}

fn run(
    connection: &Connection,
    mut queue: mpsc::Receiver<Box<dyn Job>>,
    mut checkpoints: Checkpoints,
    files: &FileWatch,
) {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    let mut siblings = 0;
    while queue.blocking_recv_many(&mut batch, MAX_BATCH) > 0 {
        if siblings >= COMMIT_SIBLINGS {
            for _ in 0..MAX_COMMIT_DELAYS {
                thread::sleep(COMMIT_DELAY);
                while batch.len() < MAX_BATCH
                    && let Ok(job) = queue.try_recv()
                {
                    batch.push(job);
                }
                if batch.len() >= siblings {
                    break;
                }
            }
        }
        siblings = batch.len();
        if batch.iter().any(|job| job.is_last()) {
            queue.close(); // jobs already in the queue are still received
        }
        let committed = files
            .check_before_write()
            .and_then(|()| commit(connection, &mut batch))
            .and_then(|()| files.check());
        // Jobs that came during the wait for a locked database fail with the jobs of this batch: they
        // must not wait for a second timeout. A job that came last has hardly waited.
        if matches!(committed, Err(Fault::Locked(_))) {
            while let Ok(job) = queue.try_recv() {
                batch.push(job);
            }
            if batch.iter().any(|job| job.is_last()) {
                queue.close();
            }
        }
        for job in batch.drain(..) {
            job.respond(committed.clone());
        }
        if !matches!(committed, Err(Fault::Gone(_))) {
            checkpoints.after_commit(connection);
        }
    }
    // The checkpoint connection must close first: the last one to close moves the log into the database.
    checkpoints.end();
}

/// Runs `batch` in one transaction.
///
/// A savepoint around each job costs more than most jobs, and jobs almost never fail. So the first
/// attempt uses none; only if a job fails does the batch run again with savepoints.
fn commit(connection: &Connection, batch: &mut [Box<dyn Job>]) -> Result<(), Fault> {
    let all_done = transaction(connection, || {
        Ok(batch.iter_mut().all(|job| job.run(connection)))
    })?;
    if !all_done && batch.len() > 1 {
        transaction(connection, || {
            for job in batch {
                run_in_savepoint(connection, job.as_mut())?;
            }
            Ok(true)
        })?;
    }
    Ok(())
}

/// Runs `work` in a transaction, which is committed if it returns `true` and rolled back otherwise.
fn transaction(
    connection: &Connection,
    work: impl FnOnce() -> rusqlite::Result<bool>,
) -> rusqlite::Result<bool> {
    execute(connection, "BEGIN IMMEDIATE")?;
    let mut outcome = work();
    if let Ok(true) = outcome {
        outcome = execute(connection, "COMMIT").map(|()| true);
    }
    // SQLite rolls back by itself after some errors, such as a full disk.
    if !connection.is_autocommit() {
        let rolled_back = execute(connection, "ROLLBACK");
        outcome = outcome.and_then(|done| rolled_back.map(|()| done));
    }
    outcome
}

/// Runs `job` in a savepoint, so that only its own work is undone if it fails.
fn run_in_savepoint(connection: &Connection, job: &mut dyn Job) -> rusqlite::Result<()> {
    execute(connection, "SAVEPOINT job")?;
    if !job.run(connection) {
        execute(connection, "ROLLBACK TO job")?;
    }
    execute(connection, "RELEASE job")
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
