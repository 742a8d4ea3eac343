//! Runs an operation on many connections at once, and measures it.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::http::Connection;
use super::server::Used;

/// When a load ends: after this many operations or this much time, whichever comes first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) times: u64,
    pub(crate) time: Duration,
}

/// The result of a load.
pub(crate) struct Load {
    /// The duration of each operation, in ascending order.
    durations: Vec<Duration>,
    total: Duration,
    used: Used,
}

impl Load {
    /// Runs `one` repeatedly on `at_once` connections, each time with the next number.
    /// `used` reads the processor time of the server at `address`.
    pub(crate) async fn run<F>(
        used: impl Fn() -> Used,
        address: SocketAddr,
        at_once: usize,
        limits: Limits,
        one: F,
    ) -> Self
    where
        F: AsyncFn(&mut Connection, u64) + 'static,
    {
        let one = Rc::new(one);
        let next = Rc::new(Cell::new(0));
        let mut workers = JoinSet::new();
        let (before, started) = (used(), Instant::now());
        for _ in 0..at_once {
            let (one, next) = (Rc::clone(&one), Rc::clone(&next));
            workers.spawn_local(async move {
                let mut connection = Connection::open(address).await.unwrap();
                let mut durations = Vec::new();
                while next.get() < limits.times && started.elapsed() < limits.time {
                    let number = next.replace(next.get() + 1);
                    let started = Instant::now();
                    one(&mut connection, number).await;
                    durations.push(started.elapsed());
                }
                durations
            });
        }
        let mut durations = workers.join_all().await.concat();
        durations.sort_unstable();
        Self {
            total: started.elapsed(),
            used: used().since(&before),
            durations,
        }
    }

    /// The number of operations.
    pub(crate) fn count(&self) -> usize {
        self.durations.len()
    }

    /// The number of operations per second.
    pub(crate) fn rate(&self) -> f64 {
        self.durations.len() as f64 / self.total.as_secs_f64()
    }

    /// A percentile of the durations, in milliseconds.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let last = self.durations.len() - 1;
        self.durations[last * percent / 100].as_secs_f64() * 1000.0
    }

    /// The processor time of the server per operation, in milliseconds.
    pub(crate) fn cpu(&self) -> f64 {
        self.per_operation(self.used.total)
    }

    /// The part of [`Load::cpu`] that the threads of the store used.
    pub(crate) fn cpu_of_store(&self) -> f64 {
        self.per_operation(self.used.of("store-"))
    }

    fn per_operation(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1000.0 / self.durations.len() as f64
    }
}
