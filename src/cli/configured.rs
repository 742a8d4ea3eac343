//! The `--config` option of the commands.

use std::path::PathBuf;

use clap::Args;
use panda_oidc::config::{self, Config};
use panda_oidc::error_chain::explain;
use panda_oidc::store::StoreError;

/// The configuration files of a command.
#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    /// A configuration file; may be repeated, later files win. `PANDA_OIDC__SECTION__KEY` in the
    /// environment wins over all.
    #[arg(long, value_name = "FILE", required = true)]
    pub(super) config: Vec<PathBuf>,
}

impl ConfigArgs {
    /// Reads the configuration, or returns every error in it.
    pub(super) fn load(&self) -> Result<Config, Vec<String>> {
        config::load(&self.config)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }
}

/// An error about the store, in the words that `serve` has for it.
pub(super) fn in_store(config: &Config, error: &StoreError) -> String {
    format!("{}: {}", config.store.key(), explain(error))
}
