//! The one thread that writes.
//!
//! It takes every job that waits, up to [`MOST`], into one transaction, and answers them once its
//! COMMIT has returned: callers who come at the same time share a single sync of the disk. Jobs
//! are SQL alone; what they mean is the business of their modules.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::checkpoint::Checkpoints;
use super::fault::Fault;

/// The most jobs in one transaction: bounds how long the first of them waits for its answer.
const MAX_BATCH: usize = 512;

/// The most jobs that wait; who comes later waits to be let in.
const MAX_QUEUED: usize = 4096;

/// The way to the thread that writes.
pub(super) struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection, checkpoints: Checkpoints) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel(MAX_QUEUED);
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(&connection, queue, checkpoints))?;
        Ok(Self {
            jobs,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Has `work` done inside a transaction, and answers once it is on disk.
    ///
    /// It is undone as a whole when it fails, and may be run again when a job beside it failed: it
    /// must depend on nothing but the database.
    pub(super) async fn write<T, W>(&self, work: W) -> Result<T, Fault>
    where
        T: Send + 'static,
        W: Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let step = Box::new(Step {
            work,
            reply,
            outcome: None,
        });
        self.jobs.send(step).await.map_err(|_| Fault::Closed)?;
        answer.await.map_err(|_| Fault::Closed)?
    }

    /// Has everything done that waits, then ends the thread. Later jobs are refused.
    pub(super) async fn close(&self) -> Result<(), Fault> {
        let (reply, answer) = oneshot::channel();
        let last = Box::new(Last(reply));
        self.jobs.send(last).await.map_err(|_| Fault::Closed)?;
        let committed = answer.await.map_err(|_| Fault::Closed)?;
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // It has only to close its connection, but that moves the log into the database.
            let ended = tokio::task::spawn_blocking(|| thread.join()).await;
            ended
                .map_err(|_| Fault::Panicked)?
                .map_err(|_| Fault::Panicked)?;
        }
        committed
    }
}

/// Work for the thread that writes.
trait Job: Send {
    /// Does the work and keeps its outcome; says whether it was done.
    fn run(&mut self, connection: &Connection) -> bool;

    /// Tells who waits. `committed` is what became of the transaction.
    fn answer(self: Box<Self>, committed: Result<(), Fault>);

    /// Whether no job shall be let in after this one.
    fn is_last(&self) -> bool {
        false
    }
}

/// One step of the protocol.
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
        // What the closure may have left half done is in the database, and is rolled back.
        let done = catch_unwind(AssertUnwindSafe(|| (self.work)(connection)));
        let outcome = match done {
            Ok(outcome) => outcome.map_err(Fault::from),
            Err(_) => Err(Fault::Panicked),
        };
        self.outcome.insert(outcome).is_ok()
    }

    fn answer(self: Box<Self>, committed: Result<(), Fault>) {
        let answer = match (self.outcome, committed) {
            (Some(Ok(done)), Ok(())) => Ok(done),
            (Some(Err(own)), _) => Err(own),
            (_, Err(shared)) => Err(shared),
            (None, Ok(())) => Err(Fault::Closed),
        };
        // Nobody to tell: the request was given up meanwhile, what it did stands.
        let _ = self.reply.send(answer);
    }
}

/// The end of the queue.
struct Last(oneshot::Sender<Result<(), Fault>>);

impl Job for Last {
    fn run(&mut self, _: &Connection) -> bool {
        true
    }

    fn answer(self: Box<Self>, committed: Result<(), Fault>) {
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
) {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    while queue.blocking_recv_many(&mut batch, MAX_BATCH) > 0 {
        if batch.iter().any(|job| job.is_last()) {
            queue.close(); // what waits already is still received
        }
        let committed = commit(connection, &mut batch);
        for job in batch.drain(..) {
            job.answer(committed.clone());
        }
        checkpoints.tend(connection);
    }
    // Its connection has to go first: the last one to close moves the log into the database.
    checkpoints.end();
}

/// Carries out `batch` in one transaction.
///
/// A fence around each job costs more than most jobs, and jobs all but never fail: so first without.
fn commit(connection: &Connection, batch: &mut [Box<dyn Job>]) -> Result<(), Fault> {
    let all_done = transaction(connection, || {
        Ok(batch.iter_mut().all(|job| job.run(connection)))
    })?;
    if !all_done && batch.len() > 1 {
        transaction(connection, || {
            for job in batch {
                fenced(connection, job.as_mut())?;
            }
            Ok(true)
        })?;
    }
    Ok(())
}

/// Runs `work` in a transaction, which is committed when it says `true` and rolled back otherwise.
fn transaction(
    connection: &Connection,
    work: impl FnOnce() -> rusqlite::Result<bool>,
) -> rusqlite::Result<bool> {
    execute(connection, "BEGIN IMMEDIATE")?;
    let mut outcome = work();
    if let Ok(true) = outcome {
        outcome = execute(connection, "COMMIT").map(|()| true);
    }
    // SQLite has rolled back by itself after some errors, a full disk among them.
    if !connection.is_autocommit() {
        execute(connection, "ROLLBACK")?;
    }
    outcome
}

/// Runs `job` so that only its own work is undone when it fails.
fn fenced(connection: &Connection, job: &mut dyn Job) -> rusqlite::Result<()> {
    execute(connection, "SAVEPOINT job")?;
    if !job.run(connection) {
        execute(connection, "ROLLBACK TO job")?;
    }
    execute(connection, "RELEASE job")
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
