//! `panda-oidc clients`: the registered clients.

mod preview;

use std::process::ExitCode;

use clap::Subcommand;
use panda_oidc::config::Config;

use crate::cli::configured::ConfigArgs;
use crate::cli::opened::{require_existing_store, require_shared_store, with_app};

/// What to do with clients.
#[derive(Debug, Subcommand)]
pub(super) enum Clients {
    /// Show whether a person may use a client, and the claims they would get in ID token, access token and
    /// userinfo. Signs nothing and stores nothing.
    ///
    /// Exit code 0 when the person may use the client, 3 when not.
    Preview(preview::Preview),
}

impl Clients {
    /// The configuration files of the command.
    pub(super) fn configured(&self) -> &ConfigArgs {
        match self {
            Self::Preview(preview) => &preview.configured,
        }
    }

    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Why the command failed.
    pub(super) async fn run(self, config: Config) -> Result<ExitCode, String> {
        require_shared_store(&config)?;
        require_existing_store(&config).await?;
        let Self::Preview(preview) = self;
        with_app(config, async |app| preview.run(app).await).await
    }
}
