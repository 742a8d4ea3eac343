//! `panda-oidc keys`: the signing keys, and their rotation.
//!
//! A running `serve` reads the keys every ten seconds, so it needs no restart.

mod list;
mod rotate;

use std::process::ExitCode;

use clap::Subcommand;
use panda_oidc::config::Config;

use crate::cli::configured::ConfigArgs;
use crate::cli::opened::{require_existing_store, require_shared_store, with_app, with_store};

/// What to do with signing keys.
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// List the signing keys, and which of them are in the JWKS.
    List(list::List),
    /// Rotate the signing keys: make the next ones now, which sign after `keys.publish_ahead`.
    Rotate(rotate::Rotate),
}

impl Keys {
    /// The configuration files of the command.
    pub(super) fn configured(&self) -> &ConfigArgs {
        match self {
            Self::List(list) => &list.configured,
            Self::Rotate(rotate) => &rotate.configured,
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
            Self::Rotate(rotate) => {
                require_existing_store(&config).await?;
                with_app(config, async |app| rotate.run(app).await).await
            }
        }
    }
}
