//! The log on stderr. A thread of its own writes the lines, so that a slow reader of stderr loses lines
//! instead of blocking requests.

mod level;
mod lines;
mod repeated;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal as _};
use std::panic;
use std::time::Duration;

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

pub(super) use self::level::Level;
use self::lines::Lines;
use self::repeated::Repeated;

/// How long writing the queued lines may take when the process ends.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// The log of this process. Dropping it first writes the queued lines, if stderr is read.
pub(super) struct Log(Lines);

impl Log {
    /// Opens the log and routes panics into it: the default panic hook blocks while stderr is full.
    ///
    /// # Errors
    ///
    /// When the thread cannot be started.
    pub(super) fn open() -> io::Result<Self> {
        let lines = Lines::open()?;
        let panic_lines = lines.clone();
        panic::set_hook(Box::new(move |panic| {
            panic_lines.say(panic);
            let trace = Backtrace::capture();
            if trace.status() == BacktraceStatus::Captured {
                panic_lines.say(&trace);
            }
        }));
        Ok(Self(lines))
    }

    /// Has the events that pass `filter` written into this log. The filter can be replaced.
    pub(super) fn record(&self, filter: EnvFilter) -> reload::Handle<EnvFilter, Registry> {
        let (filter, handle) = reload::Layer::new(filter);
        let lines = self.lines();
        let format = fmt::layer()
            .with_writer(move || lines.clone())
            .with_ansi(io::stderr().is_terminal())
            // Internal errors would be printed directly to stderr, which panics when stderr is full.
            .log_internal_errors(false);
        tracing_subscriber::registry()
            .with(filter)
            .with(Repeated::new(self.lines()))
            .with(format)
            .init();
        handle
    }

    /// A writer into this log.
    pub(super) fn lines(&self) -> Lines {
        self.0.clone()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.0.flush_within(FLUSH_TIMEOUT);
    }
}
