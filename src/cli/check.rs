//! `panda-oidc check`: looks for mistakes without starting the provider.

use std::sync::Arc;

use panda_oidc::app::groups::CurrentGroups;
use panda_oidc::app::open_provider;
use panda_oidc::config::{Config, StoreKind};
use panda_oidc::error_chain::explain;
use panda_oidc::store::{DirectoryReadings as _, Maintenance as _, SqliteStore, WriteTimeout};
use panda_oidc_sdk::{Host, SystemClock};

use crate::cli::output::{print, print_warning};

/// Checks what `serve` would open, without using network or keys, and whether the latest directory
/// sync left removals blocked.
///
/// # Errors
///
/// The first mistake.
pub(super) async fn run(config: &Config) -> Result<(), String> {
    let host = Host::new(Arc::new(SystemClock)).map_err(|error| explain(&error))?;
    open_provider(config, &host).map_err(|error| error.to_string())?;
    let groups = config.groups.clone();
    CurrentGroups::open(groups.configured, groups.file.as_deref())
        .map_err(|error| error.to_string())?;
    check_removals(config).await?;
    warn_of_secrets_in_urls(config);
    let clients = config.clients.all().len();
    print(&format_args!(
        "ok: {} with {clients} client(s)",
        config.issuer
    ));
    Ok(())
}

/// Warns of clients whose secret stands in URLs. They work, so this is no mistake.
fn warn_of_secrets_in_urls(config: &Config) {
    let clients = config.clients.all().into_iter();
    for client in clients.filter(|client| client.token_parameters_in_url) {
        print_warning(&format_args!(
            "{}: token_parameters_in_url lets it send its secret and codes in URLs, which proxies write \
             into their logs; leave it off if the app can send them in the body",
            client.id.as_str()
        ));
    }
}

/// Fails if the removal limit keeps people who are missing from the directory.
async fn check_removals(config: &Config) -> Result<(), String> {
    let path = &config.store.path;
    if config.store.kind != StoreKind::Sqlite || !path.exists() {
        return Ok(());
    }
    let store = SqliteStore::open(path, WriteTimeout::Command).map_err(|error| explain(&error))?;
    let report = store.report().await;
    store.close().await.map_err(|error| explain(&error))?;
    let report = report.map_err(|error| explain(&error))?;
    match report.and_then(|report| report.blocked) {
        Some(blocked) => Err(format!("directory: {blocked}")),
        None => Ok(()),
    }
}
