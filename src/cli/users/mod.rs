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
use panda_oidc::store::WriteTimeout;
use panda_oidc_sdk::{Host, SystemClock};

use crate::cli::configured::ConfigArgs;

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
        let app = open(config).await?;
        let result = match self {
            Self::List(list) => list.run(&app).await,
            Self::Sync(sync) => sync.run(&app).await,
            Self::History(history) => history.run(&app).await,
            Self::Forget(forget) => forget.run(&app).await,
        };
        app.store.close().await.map_err(|error| explain(&error))?;
        result
    }
}

/// Opens everything that `serve` opens. `serve` may run at the same time.
async fn open(config: Config) -> Result<Arc<App>, String> {
    if config.store.kind == StoreKind::Memory {
        return Err(
            "store.kind is memory, which only the provider itself can see; choose sqlite".into(),
        );
    }
    let host = Host::new(Arc::new(SystemClock)).map_err(|error| explain(&error))?;
    let app = App::open(config, host, WriteTimeout::Command)
        .await
        .map_err(|error| explain(&error))?;
    Ok(app.shared())
}
