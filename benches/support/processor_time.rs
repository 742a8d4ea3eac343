//! A measurement for criterion: processor time of all threads together. It is what a machine runs
//! out of, and it tells the same on a busy machine as on an idle one.

use std::fs;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use criterion::measurement::{Measurement, ValueFormatter, WallTime};

/// The time that all threads of this process were on a processor; elsewhere than on Linux, the
/// time that passed.
pub(crate) struct ProcessorTime;

impl Measurement for ProcessorTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        processor_time().unwrap_or_else(passed)
    }

    fn end(&self, before: Duration) -> Duration {
        self.start().saturating_sub(before)
    }

    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        *a + *b
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

fn processor_time() -> Option<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir("/proc/self/task").ok()? {
        // A thread that has ended meanwhile is not counted; none does while we measure.
        if let Ok(stat) = fs::read_to_string(thread.ok()?.path().join("schedstat")) {
            nanoseconds += stat.split(' ').next()?.parse::<u64>().ok()?;
        }
    }
    Some(Duration::from_nanos(nanoseconds))
}

fn passed() -> Duration {
    static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGINNING.elapsed()
}
