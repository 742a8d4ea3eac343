//! `panda-oidc check`: looks for mistakes without starting the provider.

use std::sync::Arc;

use panda_oidc::app::groups::{CurrentGroups, load};
use panda_oidc::app::{open_provider, unmatched_names};
use panda_oidc::config::{Config, StoreKind};
use panda_oidc::error_chain::explain;
use panda_oidc::people::Groups;
use panda_oidc::people::groups_file::parse;
use panda_oidc::store::{DirectoryReadings as _, Maintenance as _, SqliteStore, WriteTimeout};
use panda_oidc_sdk::{Host, SystemClock};

use crate::cli::output::{print, print_error, print_warning};

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
    let groups = CurrentGroups::open(groups.configured, groups.file.as_deref())
        .map_err(|error| error.to_string())?;
    check_names(config, &groups.current()).await?;
    check_removals(config).await?;
    let clients = config.clients.all().len();
    print(&format_args!(
        "ok: {} with {clients} client(s)",
        config.issuer
    ));
    Ok(())
}

/// Reports names that match nothing. Fails if one of them lets people in who should be denied.
async fn check_names(config: &Config, groups: &Groups) -> Result<(), String> {
    let clients = &config.clients;
    let found = match open_existing_store(config)? {
        None => unmatched_names::find(clients, groups, None).await,
        Some(store) => {
            check_members(config, &store).await?;
            let keep = &config.directory.keep;
            let found = unmatched_names::find_all(clients, groups, keep, &store).await;
            store.close().await.map_err(|error| explain(&error))?;
            found
        }
    };
    let found = found.map_err(|error| explain(&error))?;
    let (errors, warnings): (Vec<_>, Vec<_>) = found.iter().partition(|it| it.fails_open());
    for warning in warnings {
        print_warning(warning);
    }
    let Some((last, others)) = errors.split_last() else {
        return Ok(());
    };
    for error in others {
        print_error(error);
    }
    Err(last.to_string())
}

/// Warns of rows of the groups file that give one person's id and another person's name.
async fn check_members(config: &Config, store: &SqliteStore) -> Result<(), String> {
    let Some(path) = &config.groups.file else {
        return Ok(());
    };
    let bytes = load(path).map_err(|error| error.to_string())?;
    let file = parse(path, &bytes).map_err(|error| error.to_string())?;
    let disputed = unmatched_names::disputed_members(&file, store).await;
    for (line, disputed) in disputed.map_err(|error| explain(&error))? {
        let file = path.display();
        print_warning(&format_args!(
            "{file}: line {line}: {disputed}; the id counts, so correct it if the rest is right"
        ));
    }
    Ok(())
}

/// The store, if there is one already.
fn open_existing_store(config: &Config) -> Result<Option<SqliteStore>, String> {
    let path = &config.store.path;
    if config.store.kind != StoreKind::Sqlite || !path.exists() {
        return Ok(None);
    }
    let store = SqliteStore::open(path, WriteTimeout::Command).map_err(|error| explain(&error))?;
    Ok(Some(store))
}

/// Fails if the removal limit keeps people who are missing from the directory.
async fn check_removals(config: &Config) -> Result<(), String> {
    let Some(store) = open_existing_store(config)? else {
        return Ok(());
    };
    let report = store.report().await;
    store.close().await.map_err(|error| explain(&error))?;
    let report = report.map_err(|error| explain(&error))?;
    match report.and_then(|report| report.blocked) {
        Some(blocked) => Err(format!("directory: {blocked}")),
        None => Ok(()),
    }
}
