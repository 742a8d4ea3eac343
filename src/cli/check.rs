//! `panda-oidc check`: looks for mistakes without starting the provider, and without changing anything.

use std::sync::Arc;

use panda_oidc::app::files::{self, Files};
use panda_oidc::app::groups::CurrentGroups;
use panda_oidc::app::open_provider;
use panda_oidc::config::{Config, StoreConfig};
use panda_oidc::error_chain::explain;
use panda_oidc_sdk::{Clock as _, Host, SystemClock};

use super::{listen, names, owners};
use crate::cli::output::{print, print_error, print_warning};

/// Looks at everything that `serve` would open: the provider's settings, the groups file, the addresses to
/// listen on, the database and the master key; and whether the latest directory sync left removals blocked.
/// Says what it did not look at.
///
/// # Errors
///
/// The last mistake; those before it are printed.
pub(super) async fn run(config: &Config) -> Result<(), String> {
    let host = Host::new(Arc::new(SystemClock)).map_err(|error| explain(&error))?;
    let mut problems = Vec::new();
    if let Err(refusals) = listen::check(config, &host.http).await {
        problems.extend(refusals);
    }
    if let Err(error) = open_provider(config, &host) {
        problems.push(error.to_string());
    }
    let groups = config.groups.clone();
    let groups = match CurrentGroups::open(groups.configured, groups.file.as_deref()) {
        Ok(groups) => Some(groups),
        Err(error) => {
            problems.push(error.to_string());
            None
        }
    };
    let found = match files::inspect(config, SystemClock.now()).await {
        Ok(found) => Some(found),
        Err(error) => {
            problems.push(explain(&error));
            None
        }
    };
    problems.extend(found.as_ref().and_then(blocked_removals));
    if let (Some(groups), Some(found)) = (groups, &found) {
        match names::check(config, &groups.current(), found).await {
            Ok(failing_open) => problems.extend(failing_open),
            Err(error) => problems.push(error),
        }
    }
    for warning in &config.warnings {
        print_warning(warning);
    }
    let warnings = found.iter().flat_map(|found| found.warnings.clone());
    for warning in warnings.chain(owners::check(config)) {
        print_warning(&warning);
    }
    if let Some(last) = problems.pop() {
        for problem in &problems {
            print_error(problem);
        }
        return Err(last);
    }
    print(&format_args!(
        "ok: {} with {} client(s)",
        config.issuer,
        config.clients.all().len()
    ));
    if let Some(found) = found {
        print_database(config, &found);
    }
    print(&format_args!(
        "not looked at: whether the portal answers, whether browsers reach {} and trust its certificate, \
         whether the apps answer, the clock",
        config.issuer
    ));
    if owners::is_root() {
        print(
            &"not looked at: what another user may open; check as the user that `serve` runs as, with: \
              sudo -u USER panda-oidc check …",
        );
    }
    Ok(())
}

/// The removal limit that keeps people who are missing from the directory.
fn blocked_removals(found: &Files) -> Option<String> {
    let report = found.database.as_ref()?.report.as_ref()?;
    let blocked = report.blocked.as_ref()?;
    Some(format!("directory: {blocked}"))
}

fn print_database(config: &Config, found: &Files) {
    let place = config.store.location();
    match (&config.store, &found.database) {
        (StoreConfig::Memory, _) => {}
        (StoreConfig::Sqlite(_), None) => {
            print(&format_args!(
                "database: {place} is made at the first start"
            ));
        }
        (StoreConfig::Postgres(_), None) => print(&format_args!(
            "database: {place} has no tables yet; the first start makes them"
        )),
        (_, Some(database)) if database.is_older => print(&format_args!(
            "database: {place} was written by an older release and is migrated at the next start; back it up"
        )),
        (_, Some(_)) => print(&format_args!("database: {place}")),
    }
}
