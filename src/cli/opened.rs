//! Opens what a command works on. `serve` may run at the same time.

use std::process::ExitCode;
use std::sync::Arc;

use panda_oidc::app::{App, open_store};
use panda_oidc::config::{Config, StoreConfig};
use panda_oidc::error_chain::explain;
use panda_oidc::keys::SealedKey;
use panda_oidc::store::{Missing, Store, WriteTimeout};
use panda_oidc_sdk::{Host, SystemClock};

use super::configured::in_store;

/// Refuses a store that other processes cannot see.
///
/// # Errors
///
/// When `store.kind` is memory.
pub(super) fn require_shared_store(config: &Config) -> Result<(), String> {
    match config.store {
        StoreConfig::Memory => Err(
            "store.kind is memory, which only the provider itself can see; choose sqlite".into(),
        ),
        StoreConfig::Sqlite(_) | StoreConfig::Postgres(_) => Ok(()),
    }
}

/// Runs `work` on the store, which must exist, and closes it.
///
/// # Errors
///
/// When the store cannot be opened, or `work` fails.
pub(super) async fn with_store<T>(
    config: &Config,
    work: impl AsyncFnOnce(&dyn Store) -> Result<T, String>,
) -> Result<T, String> {
    let store = open_store(&config.store, Missing::Refuse).await;
    let store = store.map_err(|error| in_store(config, &error))?;
    let result = work(store.as_ref()).await;
    store.close().await.map_err(|error| explain(&error))?;
    result
}

/// The sealed signing keys of the store, which must exist.
///
/// # Errors
///
/// When the store cannot be opened or read.
pub(super) async fn sealed_keys(config: &Config) -> Result<Vec<SealedKey>, String> {
    with_store(config, async |store| {
        store.keys().await.map_err(|error| in_store(config, &error))
    })
    .await
}

/// Refuses a command that has nothing to do without a store, before [`with_app`] creates one.
///
/// # Errors
///
/// When the store cannot be opened.
pub(super) async fn require_existing_store(config: &Config) -> Result<(), String> {
    with_store(config, async |_| Ok(())).await
}

/// Opens everything that `serve` opens, and closes it after `work`.
///
/// # Errors
///
/// When something cannot be opened, or `work` fails.
pub(super) async fn with_app(
    config: Config,
    work: impl AsyncFnOnce(&Arc<App>) -> Result<ExitCode, String>,
) -> Result<ExitCode, String> {
    let host = Host::new(Arc::new(SystemClock)).map_err(|error| explain(&error))?;
    let app = App::open(config, host, WriteTimeout::Command)
        .await
        .map_err(|error| explain(&error))?
        .shared();
    let result = work(&app).await;
    app.store.close().await.map_err(|error| explain(&error))?;
    result
}
