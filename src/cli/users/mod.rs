//! `panda-oidc users`: the users known from the portal's list and from logins.

mod forget;
mod history;
mod list;
mod sync;
mod text;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use panda_oidc::app::App;
use panda_oidc::config::{Config, StoreKind};
use panda_oidc::error_chain::explain;
use panda_oidc::store::{Maintenance as _, Missing, SqliteStore, WriteTimeout};
use panda_oidc_sdk::{Host, SystemClock};

use crate::cli::configured::{ConfigArgs, in_store_path};

/// What to do with users.
#[derive(Debug, Subcommand)]
pub(super) enum Users {
    /// List the known users, and whether the portal lists them.
    List(list::List),
    /// Read the portal's list now.
    ///
    /// Exit code 0 when the list was accepted, 1 when it could not be read, 3 when people are missing
    /// and the brake keeps them from being removed.
    Sync(sync::Sync),
    /// Show what happened to a user who left: what ended when, and which apps confirmed it.
    History(history::History),
    /// Remove the personal data of a user: name, phone, history. A user who left still cannot sign in.
    Forget(forget::Forget),
}

impl Users {
    /// The configuration files of the command.
    pub(super) fn configured(&self) -> &ConfigArgs {
        match self {
            Self::List(list) => &list.configured,
            Self::Sync(sync) => &sync.configured,
            Self::History(history) => &history.configured,
            Self::Forget(forget) => &forget.configured,
        }
    }

    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Why the command failed.
    pub(super) async fn run(self, config: Config) -> Result<ExitCode, String> {
        if config.store.kind == StoreKind::Memory {
            return Err(
                "store.kind is memory, which only the provider itself can see; choose sqlite"
                    .into(),
            );
        }
        match self {
            Self::List(list) => {
                let store = existing_store(&config)?;
                let result = list.run(&store).await;
                store.close().await.map_err(|error| explain(&error))?;
                result
            }
            Self::History(history) => {
                let store = existing_store(&config)?;
                let result = history.run(&store).await;
                store.close().await.map_err(|error| explain(&error))?;
                result
            }
            Self::Forget(forget) => {
                let store = existing_store(&config)?;
                store.close().await.map_err(|error| explain(&error))?;
                with_app(config, async |app| forget.run(app).await).await
            }
            Self::Sync(sync) => with_app(config, async |app| sync.run(app).await).await,
        }
    }
}

/// Opens the store of a command that has nothing to do without one.
fn existing_store(config: &Config) -> Result<SqliteStore, String> {
    SqliteStore::open_for_command(&config.store.path, Missing::Refuse)
        .map_err(|error| in_store_path(&error))
}

/// Opens everything that `serve` opens, and closes it after `work`. `serve` may run at the same time.
async fn with_app(
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
