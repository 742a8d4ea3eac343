//! Which lines the log has: those that `RUST_LOG` names, or those of `log.level`.

use panda_oidc::config::LogLevel;
use tracing_subscriber::{EnvFilter, Registry, reload};

use super::Log;

/// The level of the log. `None` if the environment sets it.
#[derive(Clone)]
pub(in crate::cli) struct Level(Option<reload::Handle<EnvFilter, Registry>>);

impl Level {
    /// Records what `RUST_LOG` names in `log`, or what `default` names.
    pub(in crate::cli) fn of(log: &Log, default: &str) -> Self {
        match EnvFilter::try_from_default_env() {
            Ok(filter) => {
                log.record(filter);
                Self(None)
            }
            Err(_) => Self(Some(log.record(EnvFilter::new(default)))),
        }
    }

    /// Has lines of `level` and above written, unless `RUST_LOG` says otherwise.
    pub(in crate::cli) fn set(&self, level: LogLevel) {
        let Some(handle) = &self.0 else {
            if level != LogLevel::default() {
                tracing::warn!("log.level is not used, because RUST_LOG is set");
            }
            return;
        };
        if let Err(error) = handle.reload(EnvFilter::new(level.as_str())) {
            tracing::error!("The log keeps its level: {error}");
        }
    }
}
