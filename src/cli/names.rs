//! The part of `panda-oidc check` that looks for names in the configuration which match nothing.

use panda_oidc::app::files::Files;
use panda_oidc::app::groups::load;
use panda_oidc::app::{open_store, unmatched_names};
use panda_oidc::config::Config;
use panda_oidc::error_chain::explain;
use panda_oidc::people::Groups;
use panda_oidc::people::groups_file::parse;
use panda_oidc::store::{Missing, Store};

use crate::cli::output::print_warning;

/// Warns of names that match nothing. Returns those that let people in who should be denied.
pub(super) async fn check(
    config: &Config,
    groups: &Groups,
    found: &Files,
) -> Result<Vec<String>, String> {
    let clients = &config.clients;
    // A database of an earlier release cannot be read before it is migrated.
    let is_readable = found.database.as_ref().is_some_and(|it| !it.is_older);
    let unmatched = if is_readable {
        let store = open_store(&config.store, Missing::Refuse).await;
        let store = store.map_err(|error| explain(&error))?;
        check_members(config, store.as_ref()).await?;
        let keep = &config.directory.keep;
        let unmatched = unmatched_names::find_all(clients, groups, keep, store.as_ref()).await;
        store.close().await.map_err(|error| explain(&error))?;
        unmatched
    } else {
        unmatched_names::find(clients, groups, None).await
    };
    let unmatched = unmatched.map_err(|error| explain(&error))?;
    let (errors, warnings): (Vec<_>, Vec<_>) = unmatched.iter().partition(|it| it.fails_open());
    for warning in warnings {
        print_warning(warning);
    }
    Ok(errors.iter().map(ToString::to_string).collect())
}

/// Warns of rows of the groups file that give one person's id and another person's name.
async fn check_members(config: &Config, store: &dyn Store) -> Result<(), String> {
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
