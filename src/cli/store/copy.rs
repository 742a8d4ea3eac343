//! `panda-oidc store copy`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use panda_oidc::app::{read_tables, require_master_key, write_tables};
use panda_oidc::config::{self, Config};
use panda_oidc::error_chain::explain;
use panda_oidc::store::Existing;
use panda_oidc_sdk::{Clock as _, SystemClock};

use super::progress::copy_with_bar;
use crate::cli::configured::in_store;
use crate::cli::opened::{require_shared_store, sealed_keys};
use crate::cli::output::print;

/// Copies a store.
#[derive(Debug, Args)]
pub(in crate::cli) struct Copy {
    /// A configuration file with the store to read; may be repeated.
    #[arg(long, value_name = "FILE", required = true)]
    from: Vec<PathBuf>,
    /// A configuration file with the store to fill, which must be empty; may be repeated.
    #[arg(long, value_name = "FILE", required = true)]
    to: Vec<PathBuf>,
}

impl Copy {
    /// Reads both configurations.
    pub(super) fn load(&self) -> Result<(Config, Config), Vec<String>> {
        let load = |files: &[PathBuf]| {
            config::load(files)
                .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        Ok((load(&self.from)?, load(&self.to)?))
    }

    pub(super) async fn run(&self, from: &Config, to: &Config) -> Result<ExitCode, String> {
        require_shared_store(from)?;
        require_shared_store(to)?;
        if from.store.location() == to.store.location() {
            return Err(format!(
                "both configurations name {}",
                from.store.location()
            ));
        }
        let keys = sealed_keys(from).await?;
        require_master_key(to, &keys, SystemClock.now()).map_err(|error| {
            format!(
                "{}; copy the master key of the first store there",
                explain(&error)
            )
        })?;
        let source = read_tables(&from.store).await;
        let mut source = source.map_err(|error| in_store(from, &error))?;
        let target = write_tables(&to.store).await;
        let target = target.map_err(|error| in_store(to, &error))?;
        let replace = "copy to an empty store";
        copy_with_bar(source.as_mut(), target, Existing::Refuse, replace).await?;
        print(&format_args!(
            "copied: {} to {}; every table has the same rows",
            from.store.location(),
            to.store.location()
        ));
        Ok(ExitCode::SUCCESS)
    }
}
