//! The read-only connections.
//!
//! A read takes some ten microseconds, less than a hand-over to another thread, so it runs on the
//! calling thread. It sees every write that was acknowledged before it began.

use std::num::NonZero;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;

use rusqlite::Connection;

use super::fault::Fault;
use super::schema::{self, OpenError};

/// The minimum and maximum number of connections. Between them, there is one for each thread that can
/// run in parallel.
const CONNECTIONS: (usize, usize) = (2, 16);

/// The connections; `None` once they are closed.
pub(super) struct Readers(Vec<Mutex<Option<Connection>>>);

impl Readers {
    /// Opens the connections.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let (min, max) = CONNECTIONS;
        let threads = thread::available_parallelism().map_or(min, NonZero::get);
        let connections = (0..threads.clamp(min, max)).map(|_| {
            let connection = schema::connect_to_read(path)?;
            Ok(Mutex::new(Some(connection)))
        });
        connections.collect::<Result<_, _>>().map(Self)
    }

    /// Runs `work` on a connection. Neither the work nor its lock ever waits for a write to disk.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Fault> {
        let connection = self.idle();
        let connection = connection.as_ref().ok_or(Fault::Closed)?;
        Ok(work(connection)?)
    }

    /// Closes the connections. Later reads fail.
    pub(super) fn close(&self) {
        for connection in &self.0 {
            drop(lock(connection).take());
        }
    }

    /// The first idle connection: it has the most cached pages and statements. If all are busy,
    /// waits for the first one.
    fn idle(&self) -> MutexGuard<'_, Option<Connection>> {
        for connection in &self.0 {
            match connection.try_lock() {
                Ok(idle) => return idle,
                Err(TryLockError::Poisoned(idle)) => return idle.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        lock(&self.0[0])
    }
}

/// Locks a connection. Poisoning is ignored: a panic during a read leaves the connection intact.
fn lock(connection: &Mutex<Option<Connection>>) -> MutexGuard<'_, Option<Connection>> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}
