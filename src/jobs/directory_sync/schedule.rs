//! Reads the directory: now, or by the timetable.

use std::sync::Arc;
use std::time::Duration;

use super::pages::Progress;
use super::run::{SyncError, SyncOptions, SyncRun};
use crate::app::App;
use crate::config::Sync;
use crate::crypto::handle::Handle;
use crate::crypto::identifiers::LeaseHolder;
use crate::directory::Report;
use crate::store::StoreError;

/// How often what is left over is looked for where the list is not read.
const CLEANUP_INTERVAL: Duration = Duration::from_hours(1);

/// How long to wait for another process, or for a store that failed.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// Reads the directory, and carries out what that means. What an earlier reading decided, and nobody
/// carried out to its end, comes first.
///
/// # Errors
///
/// [`SyncError`]; that the list could not be read is a [`Report`].
pub async fn sync(
    app: &Arc<App>,
    asked: SyncOptions,
    progress: Progress<'_>,
) -> Result<Report, SyncError> {
    let reader = SyncRun::new(app, Handle::random(&mut rand::rng()), progress);
    alone(&reader, reader.sync(asked)).await
}

/// Does `work` while `reader` has the lease.
async fn alone<T>(
    reader: &SyncRun<'_>,
    work: impl Future<Output = Result<T, SyncError>>,
) -> Result<T, SyncError> {
    let store = &reader.app.store;
    let now = reader.app.host.clock.now();
    if !store.lease_directory(reader.lease(), now).await? {
        return Err(SyncError::Elsewhere);
    }
    let done = work.await;
    store
        .release_directory(&LeaseHolder::of(&reader.holder))
        .await?;
    done
}

/// Follows the directory until `stop`, by the timetable of the configuration. Where it is not read, what
/// was decided before is carried out and leavers are forgotten all the same.
pub async fn work(app: Arc<App>, stop: impl Future<Output = ()>) {
    let reader = SyncRun::new(&app, Handle::random(&mut rand::rng()), &|_, _| ());
    tokio::select! {
        () = stop => {}
        () = follow(&reader) => {}
    }
    // A reading that is cut off changes nothing, and keeps nobody else from the next.
    if let Err(error) = app
        .store
        .release_directory(&LeaseHolder::of(&reader.holder))
        .await
    {
        failed(&error);
    }
}

async fn follow(reader: &SyncRun<'_>) {
    loop {
        let pause = match reader.app.directory.sync {
            Sync::Off => turn(
                alone(reader, reader.settle()).await.map(drop),
                CLEANUP_INTERVAL,
            ),
            Sync::Every(period) => turn(
                alone(reader, reader.sync(SyncOptions::default()))
                    .await
                    .map(drop),
                period,
            ),
        };
        tokio::time::sleep(pause).await;
    }
}

/// How long to wait after a turn that came to `done`.
fn turn(done: Result<(), SyncError>, period: Duration) -> Duration {
    match done {
        Ok(()) | Err(SyncError::NoDirectory) => period,
        Err(SyncError::Elsewhere) => {
            tracing::info!(
                "Another process reads the directory, or has died at it; waiting for its lease to end"
            );
            period.min(RETRY_INTERVAL)
        }
        Err(SyncError::Store(error)) => {
            failed(&error);
            period.min(RETRY_INTERVAL)
        }
    }
}

fn failed(error: &StoreError) {
    let cause = error.source.to_string();
    tracing::error!(cause, "The directory cannot be followed: {error}");
}
