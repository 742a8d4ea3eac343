//! The line that says how far a scenario is.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a line is printed where no terminal shows the bar.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// The progress of one scenario. It goes to standard error.
pub struct Progress {
    bar: ProgressBar,
    name: &'static str,
    printed_at: Option<Instant>,
}

impl Progress {
    /// A scenario of `total` steps or seconds.
    pub fn new(name: &'static str, total: u64) -> Self {
        let style = ProgressStyle::with_template("{prefix} {pos}/{len} {wide_bar} {msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self {
            bar: ProgressBar::new(total).with_style(style).with_prefix(name),
            name,
            printed_at: None,
        }
    }

    /// `done` steps are done.
    pub fn set(&mut self, done: u64, message: String) {
        let is_due = self
            .printed_at
            .is_none_or(|printed| printed.elapsed() >= LINE_INTERVAL);
        if self.bar.is_hidden() && is_due {
            let total = self.bar.length().unwrap_or(0);
            eprintln!("{} {done}/{total}: {message}", self.name);
            self.printed_at = Some(Instant::now());
        }
        self.bar.set_position(done);
        self.bar.set_message(message);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
