//! Reads the directory: now, or by the timetable.

use std::pin::pin;
use std::sync::Arc;

use super::reader::Reader;
use super::reading::Progress;
use super::report::Report;
use crate::app::App;
use crate::config::Sync;
use crate::handle::Handle;
use crate::store::StoreError;

/// What an operator may ask for beyond a reading.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// Whoever is missing is gone, however many they are and whatever is doubtful about the list.
    pub accept_removals: bool,
    /// Whoever is missing is looked for in a second reading at once.
    pub confirm: bool,
}

/// Why there was no reading.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The identity provider has no list.
    #[error("this identity provider has no list of people")]
    NoDirectory,
    /// Somebody else is at it.
    #[error("another process reads the list at the moment; try again when it is done")]
    Elsewhere,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads the directory, and carries out what that means. What an earlier reading decided, and nobody
/// carried out to its end, comes first.
///
/// # Errors
///
/// [`SyncError`]; that the list could not be read is a [`Report`].
pub async fn sync(
    app: &Arc<App>,
    asked: Asked,
    progress: Progress<'_>,
) -> Result<Report, SyncError> {
    let directory = app.provider.directory().ok_or(SyncError::NoDirectory)?;
    let reader = Reader {
        app,
        directory,
        holder: Handle::random(&mut rand::rng()),
        progress,
    };
    let now = app.host.clock.now();
    if !app.store.lease_directory(reader.lease(), now).await? {
        return Err(SyncError::Elsewhere);
    }
    let read = reader.sync(asked).await;
    app.store.release_directory(&reader.holder.digest()).await?;
    read
}

/// Follows the directory until `stop`, by the timetable of the configuration.
pub async fn work(app: Arc<App>, stop: impl Future<Output = ()>) {
    let Sync::Every(period) = app.directory.sync else {
        return;
    };
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            () = once(&app) => {}
        }
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(period) => {}
        }
    }
}

async fn once(app: &Arc<App>) {
    match sync(app, Asked::default(), &|_, _| ()).await {
        Ok(_) | Err(SyncError::NoDirectory | SyncError::Elsewhere) => {}
        Err(SyncError::Store(error)) => {
            let cause = error.source.to_string();
            tracing::error!(cause, "The directory cannot be followed: {error}");
        }
    }
}
