//! Formats an error with its causes on one line.

use std::error::Error;

/// The messages of an error and all its causes, outermost first.
#[must_use]
pub fn explain(error: &dyn Error) -> String {
    chain(Some(error))
}

/// The messages of all causes of an error, outermost first: the field `causes` of a log line.
pub(crate) fn causes(error: &dyn Error) -> String {
    chain(error.source())
}

/// The messages of `cause` and all its causes, outermost first.
pub(crate) fn chain(mut cause: Option<&dyn Error>) -> String {
    let mut causes = String::new();
    while let Some(error) = cause {
        if !causes.is_empty() {
            causes.push_str(": ");
        }
        causes.push_str(&error.to_string());
        cause = error.source();
    }
    causes
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    /// What `work` logs.
    pub(crate) fn log_of(work: impl FnOnce()) -> String {
        #[derive(Clone, Default)]
        struct Log(Arc<Mutex<Vec<u8>>>);

        impl Write for Log {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.lock().unwrap().write(bytes)
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, work);
        String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
    }
}
