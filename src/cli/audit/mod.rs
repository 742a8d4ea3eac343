//! `panda-oidc audit`: the record of who came in, who was refused, who left, and who changed what.

mod export;
mod line;
mod search;
mod time;
mod verify;

use std::process::ExitCode;

use clap::Subcommand;
use panda_oidc::config::Config;

use crate::cli::configured::ConfigArgs;
use crate::cli::opened::{require_shared_store, with_store};

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Show records, the newest first.
    Search(search::Search),
    /// Write all records as JSON lines, the newest first.
    Export(export::Export),
    /// Look whether records were changed or removed; exit 1 if so.
    Verify(verify::Verify),
}

impl Audit {
    /// The configuration files of the command.
    pub(super) fn configured(&self) -> &ConfigArgs {
        match self {
            Self::Search(search) => &search.configured,
            Self::Export(export) => &export.configured,
            Self::Verify(verify) => &verify.configured,
        }
    }

    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Why the command failed.
    pub(super) async fn run(self, config: Config) -> Result<ExitCode, String> {
        require_shared_store(&config)?;
        with_store(&config, async |store| match &self {
            Self::Search(search) => search.run(store).await,
            Self::Export(export) => export.run(store).await,
            Self::Verify(verify) => verify.run(&config, store).await,
        })
        .await
    }
}
