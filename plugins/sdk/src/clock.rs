//! The current time as a dependency: only [`SystemClock`] reads the system clock.

use std::fmt::Debug;
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

/// A source of the current time.
pub trait Clock: Debug + Send + Sync {
    /// The current time.
    fn now(&self) -> DateTime<Utc>;

    /// The time since a fixed moment. It does not go back when the system clock is set.
    fn elapsed(&self) -> Duration;
}

/// The system clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the only code that reads the system clock"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn elapsed(&self) -> Duration {
        static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
        STARTED.elapsed()
    }
}

/// A clock for tests. It stands still until [`ManualClock::advance`] moves it.
#[derive(Debug)]
pub struct ManualClock(Mutex<Times>);

#[derive(Debug)]
struct Times {
    now: DateTime<Utc>,
    elapsed: Duration,
}

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Mutex::new(Times {
            now,
            elapsed: (now - DateTime::UNIX_EPOCH).to_std().unwrap_or_default(),
        }))
    }

    /// Lets time pass. A negative `step` only sets the clock back, as [`ManualClock::jump`] does.
    pub fn advance(&self, step: TimeDelta) {
        let mut times = self.lock();
        times.now += step;
        times.elapsed += step.to_std().unwrap_or_default();
    }

    /// Sets the clock by `step`, as an operator or NTP does: no time passes.
    pub fn jump(&self, step: TimeDelta) {
        self.lock().now += step;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Times> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        self.lock().now
    }

    fn elapsed(&self) -> Duration {
        self.lock().elapsed
    }
}
