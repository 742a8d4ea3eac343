//! Connections that read.
//!
//! A read takes some ten microseconds, less than handing it to another thread would, so it is done
//! where it is asked for. It sees everything that was acknowledged before it began.

use std::num::NonZero;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;

use rusqlite::Connection;

use super::fault::Fault;
use super::schema::{self, OpenError};

/// The least and the most connections: one for each thread that can run at once.
const CONNECTIONS: (usize, usize) = (2, 16);

/// The connections; `None` once they are closed.
pub(super) struct Readers(Vec<Mutex<Option<Connection>>>);

impl Readers {
    /// Opens them.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let (least, most) = CONNECTIONS;
        let threads = thread::available_parallelism().map_or(least, NonZero::get);
        let connections = (0..threads.clamp(least, most)).map(|_| {
            let connection = schema::connect_to_read(path)?;
            Ok(Mutex::new(Some(connection)))
        });
        connections.collect::<Result<_, _>>().map(Self)
    }

    /// Reads. Neither `work` nor the lock it runs under ever waits for the disk to write.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Fault> {
        let connection = self.free();
        let connection = connection.as_ref().ok_or(Fault::Closed)?;
        Ok(work(connection)?)
    }

    /// Closes them; later reads fail.
    pub(super) fn close(&self) {
        for connection in &self.0 {
            drop(locked(connection).take());
        }
    }

    /// The first that nobody uses: it has the most pages and statements at hand.
    fn free(&self) -> MutexGuard<'_, Option<Connection>> {
        for connection in &self.0 {
            match connection.try_lock() {
                Ok(free) => return free,
                Err(TryLockError::Poisoned(free)) => return free.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        locked(&self.0[0])
    }
}

/// A panic while reading leaves nothing behind in a connection.
fn locked(connection: &Mutex<Option<Connection>>) -> MutexGuard<'_, Option<Connection>> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}
