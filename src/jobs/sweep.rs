//! Removes expired rows from the store, and idle rate-limit buckets.

use std::time::Duration;

use crate::app::App;
use crate::app::live::LiveApp;
use crate::error_chain::explain;

/// The time between two sweeps.
const SWEEP_INTERVAL: Duration = Duration::from_mins(1);

/// Sweeps the store and the rate limits until the future is dropped.
pub async fn run(app: LiveApp) {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        sweep(&app.current()).await;
    }
}

/// Sweeps once.
pub async fn sweep(app: &App) {
    app.limits.sweep();
    match app.store.sweep(app.removal_time.now()).await {
        Ok(0) => {}
        Ok(rows) => tracing::debug!("Removed {rows} expired rows"),
        Err(error) => {
            tracing::error!("What has expired could not be removed: {}", explain(&error));
        }
    }
}
