//! `panda-oidc check`: looks for mistakes without starting anything.

use std::sync::Arc;

use panda_oidc::app::open_provider;
use panda_oidc::config::{Config, StoreKind};
use panda_oidc::people::groups_file;
use panda_oidc::store::{Maintenance as _, Readings as _, SqliteStore};
use panda_oidc_sdk::{Host, SystemClock};

use crate::cli::output::say;
use panda_oidc::error_chain::explain;

/// Checks what `serve` would open, without touching network or keys, and what the last reading of the
/// directory came to.
///
/// # Errors
///
/// The mistake.
pub(super) async fn run(config: &Config) -> Result<(), String> {
    let host = Host::new(Arc::new(SystemClock)).map_err(|error| explain(&error))?;
    open_provider(config, &host).map_err(|error| error.to_string())?;
    let groups = config.groups.clone();
    groups_file::open(groups.configured, groups.file.as_deref())
        .map_err(|error| error.to_string())?;
    braked(config).await?;
    let clients = config.clients.all().len();
    say(&format_args!(
        "ok: {} with {clients} client(s)",
        config.issuer
    ));
    Ok(())
}

/// Whether the brake holds people who are missing from the directory.
async fn braked(config: &Config) -> Result<(), String> {
    let path = &config.store.path;
    if config.store.kind != StoreKind::Sqlite || !path.exists() {
        return Ok(());
    }
    let store = SqliteStore::open(path).map_err(|error| explain(&error))?;
    let report = store.report().await;
    store.close().await.map_err(|error| explain(&error))?;
    let report = report.map_err(|error| explain(&error))?;
    match report.and_then(|report| report.held) {
        Some(held) => Err(format!("directory: {held}")),
        None => Ok(()),
    }
}
