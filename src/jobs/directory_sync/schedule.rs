//! Starts synchronization runs: on request, or periodically.

use std::sync::Arc;
use std::time::Duration;

use super::pages::Progress;
use super::run::{SyncError, SyncOptions, SyncRun};
use crate::app::App;
use crate::config::SyncInterval;
use crate::crypto::handle::Handle;
use crate::crypto::identifiers::LeaseHolder;
use crate::directory::Report;
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
    let run = SyncRun::new(app, Handle::random(&mut rand::rng()), progress);
    with_lease(&run, run.sync(options)).await
}

/// Does `work` under the lease of `run`.
async fn with_lease<T>(
    run: &SyncRun<'_>,
    work: impl Future<Output = Result<T, SyncError>>,
) -> Result<T, SyncError> {
    let store = &run.app.store;
    let now = run.app.host.clock.now();
    if !store.lease_directory(run.lease(), now).await? {
        return Err(SyncError::LeaseHeld);
    }
    let result = work.await;
    store
        .release_directory(&LeaseHolder::of(&run.holder))
        .await?;
    result
}

/// Synchronizes with the directory until `stop`, at the configured interval. Where that is off, it
/// still applies changes that were accepted before, and forgets leavers.
pub async fn run(app: Arc<App>, stop: impl Future<Output = ()>) {
    let run = SyncRun::new(&app, Handle::random(&mut rand::rng()), &|_, _| ());
    tokio::select! {
        () = stop => {}
        () = follow(&run) => {}
    }
    // A run that is cut off changes nothing. Releasing the lease lets another process start at
    // once.
    if let Err(error) = app
        .store
        .release_directory(&LeaseHolder::of(&run.holder))
        .await
    {
        log_store_failure(&error);
    }
}

async fn follow(run: &SyncRun<'_>) {
    loop {
        let pause = match run.app.directory.sync {
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
        };
        tokio::time::sleep(pause).await;
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
    let cause = error.source.to_string();
    tracing::error!(cause, "The directory cannot be followed: {error}");
}
