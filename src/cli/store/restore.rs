//! `panda-oidc store restore`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use panda_oidc::app::{require_master_key, write_tables};
use panda_oidc::config::Config;
use panda_oidc::error_chain::explain;
use panda_oidc::store::{Existing, SqliteStore};
use panda_oidc_sdk::{Clock as _, SystemClock};

use super::progress::copy_with_bar;
use crate::cli::configured::{ConfigArgs, in_store};
use crate::cli::opened::require_shared_store;
use crate::cli::output::print;

/// Restores a backup.
#[derive(Debug, Args)]
pub(in crate::cli) struct Restore {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    /// The backup.
    file: PathBuf,
    /// Replace the data that the store has, in one commit.
    #[arg(long)]
    replace: bool,
}

impl Restore {
    pub(super) async fn run(&self, config: &Config) -> Result<ExitCode, String> {
        require_shared_store(config)?;
        let backup = SqliteStore::open_backup(&self.file);
        let mut backup = backup.map_err(|error| explain(&error))?;
        require_master_key(config, &backup.keys, SystemClock.now())
            .map_err(|error| explain(&error))?;
        let target = write_tables(&config.store)
            .await
            .map_err(|error| in_store(config, &error))?;
        let existing = if self.replace {
            Existing::Replace
        } else {
            Existing::Refuse
        };
        let replace = "back it up, and restore with --replace";
        copy_with_bar(backup.tables.as_mut(), target, existing, replace).await?;
        print(&format_args!(
            "restored: {} from {}; start the provider, or restart it if it runs",
            config.store.location(),
            self.file.display()
        ));
        Ok(ExitCode::SUCCESS)
    }
}
