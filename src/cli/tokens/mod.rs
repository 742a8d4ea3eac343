//! `panda-oidc tokens`: the tokens of the admin API.

mod create;
mod list;
mod revoke;

use std::process::ExitCode;

use clap::Subcommand;
use panda_oidc::config::Config;

use crate::cli::configured::ConfigArgs;
use crate::cli::opened::{require_shared_store, with_store};

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub(super) enum Tokens {
    /// Create a token, and print it. It is stored as a hash only, so it cannot be printed again.
    Create(create::Create),
    /// List the tokens, without their secrets.
    List(list::List),
    /// Remove a token. It is refused from the next request on.
    Revoke(revoke::Revoke),
}

impl Tokens {
    /// The configuration files of the command.
    pub(super) fn configured(&self) -> &ConfigArgs {
        match self {
            Self::Create(create) => &create.configured,
            Self::List(list) => &list.configured,
            Self::Revoke(revoke) => &revoke.configured,
        }
    }

    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Why the command failed.
    pub(super) async fn run(self, config: &Config) -> Result<ExitCode, String> {
        require_shared_store(config)?;
        with_store(config, async |store| match self {
            Self::Create(create) => create.run(store).await,
            Self::List(list) => list.run(store).await,
            Self::Revoke(revoke) => revoke.run(store).await,
        })
        .await
    }
}
