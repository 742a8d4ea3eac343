//! Starts synchronization runs: on request, or periodically.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use super::error::SyncError;
use super::pages::Progress;
use super::sync_run::{SyncOptions, SyncRun};
use crate::app::App;
use crate::app::live::LiveApp;
use crate::config::SyncInterval;
use crate::directory::Report;
use crate::error_chain::causes;
use crate::store::StoreError;

/// The time between two cleanups where the directory is not read periodically.
const CLEANUP_INTERVAL: Duration = Duration::from_hours(1);

/// The time to wait after another process held the lease, or after the store failed.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// Synchronizes with the directory once. Changes that an earlier run accepted, and did not finish
/// applying, come first.
///
/// # Errors
///
/// [`SyncError`]. A directory that could not be read is not an error but a [`Report`].
pub async fn sync(
    app: &Arc<App>,
    options: SyncOptions,
    progress: Progress<'_>,
) -> Result<Report, SyncError> {
    let run = SyncRun::new(app, progress);
    with_lease(&run, run.sync(options)).await
}

/// Does `work` under the lease of `run`.
async fn with_lease<T>(
    run: &SyncRun<'_>,
    work: impl Future<Output = Result<T, SyncError>>,
) -> Result<T, SyncError> {
    if !run.lease.take().await? {
        return Err(SyncError::LeaseHeld);
    }
    let result = work.await;
    let released = run.lease.release().await;
    // The first error says more than that of the release.
    let value = result?;
    released?;
    Ok(value)
}

/// Synchronizes with the directory until `stop`, at the configured interval. Where that is off, it
/// still applies changes that were accepted before, and forgets leavers. A reading ends with the
/// configuration it began with; another interval counts at once.
pub async fn run(app: impl Into<LiveApp>, stop: impl Future<Output = ()>) {
    let live = app.into();
    let mut changes = live.changes();
    let mut stop = pin!(stop);
    loop {
        let app = live.current();
        let interval = app.directory.sync;
        let run = SyncRun::new(&app, &|_, _| ());
        let pause = tokio::select! {
            () = &mut stop => {
                // Cut off before `accept`, a run changes nothing. Cut off after it, the next run
                // finishes it. Releasing the lease lets another process start at once.
                if let Err(error) = run.lease.release().await {
                    log_store_failure(&error);
                }
                return;
            }
            pause = run_at(interval, &run) => pause,
        };
        drop(app);
        let another_interval = changes.wait_for(|app| app.directory.sync != interval);
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(pause) => {}
            _ = another_interval => {}
        }
    }
}

/// Does what is due once in each `interval`, and returns how long to wait afterwards.
async fn run_at(interval: SyncInterval, run: &SyncRun<'_>) -> Duration {
    match interval {
        SyncInterval::Off => pause_after(
            with_lease(run, run.finish_earlier_run()).await.map(drop),
            CLEANUP_INTERVAL,
        ),
        SyncInterval::Every(period) => pause_after(
            with_lease(run, run.sync(SyncOptions::default()))
                .await
                .map(drop),
            period,
        ),
    }
}

/// How long to wait after a run that gave `result`.
fn pause_after(result: Result<(), SyncError>, period: Duration) -> Duration {
    match result {
        Ok(()) | Err(SyncError::NoDirectory) => period,
        Err(SyncError::LeaseHeld) => {
            tracing::info!(
                "Another process reads the directory, or has died at it; waiting for its lease to end"
            );
            period.min(RETRY_INTERVAL)
        }
        Err(SyncError::Store(error)) => {
            log_store_failure(&error);
            period.min(RETRY_INTERVAL)
        }
    }
}

fn log_store_failure(error: &StoreError) {
    tracing::error!(
        causes = causes(error),
        "The directory cannot be followed: {error}"
    );
}

#[cfg(test)]
mod tests {
    use panda_oidc_sdk::{Host, SystemClock};

    use super::*;
    use crate::config;
    use crate::store::WriteTimeout;
    use crate::store::error::tests::assert_all_causes_are_logged;

    #[test]
    fn a_failure_of_the_store_is_logged_with_all_its_causes() {
        assert_all_causes_are_logged(log_store_failure);
    }

    #[tokio::test]
    async fn the_first_error_of_a_run_is_kept_when_the_lease_cannot_be_released() {
        let folder = tempfile::tempdir().unwrap();
        let toml = format!(
            "issuer = 'http://127.0.0.1:1'\n\
             [provider]\nkind = 'panda'\nbase_url = 'http://127.0.0.1:1'\n\
             [store]\npath = '{folder}/panda-oidc.db'\n\
             [keys]\nmaster_key_file = '{folder}/master.key'",
            folder = folder.path().display(),
        );
        let config = config::parse(&toml).unwrap();
        let host = Host::new(Arc::new(SystemClock)).unwrap();
        let app = App::open(config, host, WriteTimeout::Command)
            .await
            .unwrap()
            .shared();
        let run = SyncRun::new(&app, &|_, _| ());
        let work = async {
            app.store.close().await?;
            Err::<(), _>(SyncError::NoDirectory)
        };
        let result = with_lease(&run, work).await;
        assert!(matches!(result, Err(SyncError::NoDirectory)), "{result:?}");
    }
}
