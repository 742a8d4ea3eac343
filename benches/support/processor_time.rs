//! A measurement for criterion: the processor time of all threads together. Processor time is what a
//! server runs out of first, and it is the same on a busy machine as on an idle one.

use std::fs;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use criterion::measurement::{Measurement, ValueFormatter, WallTime};

/// The time that all threads of this process spent on a processor. Except on Linux, it is the
/// wall-clock time.
pub(crate) struct ProcessorTime;

impl Measurement for ProcessorTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        processor_time().unwrap_or_else(wall_clock_time)
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
        // A thread that has ended is not counted. No thread ends during a measurement.
        if let Ok(stat) = fs::read_to_string(thread.ok()?.path().join("schedstat")) {
            nanoseconds += stat.split(' ').next()?.parse::<u64>().ok()?;
        }
    }
    Some(Duration::from_nanos(nanoseconds))
}

fn wall_clock_time() -> Duration {
    static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
    STARTED.elapsed()
}
