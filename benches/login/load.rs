//! Many who ask at once, for a while, and what that came to.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::http::Connection;
use super::server::{Server, Used};

/// When enough was asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) times: u64,
    pub(crate) time: Duration,
}

/// What a load came to.
pub(crate) struct Load {
    /// How long each took, in order.
    each: Vec<Duration>,
    all: Duration,
    used: Used,
}

impl Load {
    /// Has `one` done again and again on `at_once` connections, each time with the next number.
    pub(crate) async fn run<F>(
        server: &Server,
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
        let (before, begun) = (server.used(), Instant::now());
        for _ in 0..at_once {
            let (one, next) = (Rc::clone(&one), Rc::clone(&next));
            workers.spawn_local(async move {
                let mut connection = Connection::open(address).await.unwrap();
                let mut each = Vec::new();
                while next.get() < limits.times && begun.elapsed() < limits.time {
                    let number = next.replace(next.get() + 1);
                    let begun = Instant::now();
                    one(&mut connection, number).await;
                    each.push(begun.elapsed());
                }
                each
            });
        }
        let mut each = workers.join_all().await.concat();
        each.sort_unstable();
        Self {
            all: begun.elapsed(),
            used: server.used().since(&before),
            each,
        }
    }

    /// How many there were.
    pub(crate) fn count(&self) -> usize {
        self.each.len()
    }

    /// How many there were in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.each.len() as f64 / self.all.as_secs_f64()
    }

    /// How long most took, in milliseconds: all but some in a hundred.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let last = self.each.len() - 1;
        self.each[last * percent / 100].as_secs_f64() * 1000.0
    }

    /// The processor time of the server for one of them, in milliseconds.
    pub(crate) fn cpu(&self) -> f64 {
        self.share(self.used.total)
    }

    /// Of it, that of the threads of the store.
    pub(crate) fn cpu_of_store(&self) -> f64 {
        self.share(self.used.of("store-"))
    }

    fn share(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1000.0 / self.each.len() as f64
    }
}
