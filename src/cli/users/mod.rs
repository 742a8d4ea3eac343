//! `panda-oidc users`: the users known from the portal's list and from logins.

mod forget;
mod history;
mod list;
mod sync;

use std::process::ExitCode;

use clap::Subcommand;
use panda_oidc::config::Config;

use crate::cli::configured::ConfigArgs;
use crate::cli::opened::{require_existing_store, require_shared_store, with_app, with_store};

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
        require_shared_store(&config)?;
        match self {
            Self::List(list) => with_store(&config, async |store| list.run(store).await).await,
            Self::History(history) => {
                with_store(&config, async |store| history.run(store).await).await
            }
            Self::Forget(forget) => {
                require_existing_store(&config).await?;
                with_app(config, async |app| forget.run(app).await).await
            }
            Self::Sync(sync) => with_app(config, async |app| sync.run(app).await).await,
        }
    }
}
