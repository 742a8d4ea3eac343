//! `panda-oidc sessions`: the sessions of people, each with the clients they use.

mod end;
mod list;
mod selection;

use std::process::ExitCode;

use clap::Subcommand;
use panda_oidc::config::Config;

use crate::cli::configured::ConfigArgs;
use crate::cli::opened::{require_existing_store, require_shared_store, with_app, with_store};

/// What to do with sessions.
#[derive(Debug, Subcommand)]
pub(super) enum Sessions {
    /// List the sessions.
    List(list::List),
    /// End sessions: the people sign in anew, and the apps they used are notified.
    ///
    /// A session is one for all apps, so it ends in all of them. Refresh tokens of the session end with
    /// it, also offline ones.
    End(end::End),
}

impl Sessions {
    /// The configuration files of the command.
    pub(super) fn configured(&self) -> &ConfigArgs {
        match self {
            Self::List(list) => &list.configured,
            Self::End(end) => &end.configured,
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
            Self::End(end) => {
                require_existing_store(&config).await?;
                with_app(config, async |app| end.run(app).await).await
            }
        }
    }
}
