//! `panda-oidc users`: who is known, from the portal's list and from logins.

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
use panda_oidc_sdk::{Host, SystemClock};

use crate::cli::configured::Configured;
use panda_oidc::error_chain::explain;

/// What to do with users.
#[derive(Debug, Subcommand)]
pub(super) enum Users {
    /// Show who is known, and whether the portal lists them.
    List(list::List),
    /// Read the portal's list now.
    ///
    /// Exit code 0 when all it says holds, 1 when it could not be read, 3 when people are missing and
    /// the brake holds them.
    Sync(sync::Sync),
    /// Show what became of a leaver: what ended when, and which apps confirmed it.
    History(history::History),
    /// Remove what is personal of somebody: name, phone, history. A leaver stays out.
    Forget(forget::Forget),
}

impl Users {
    /// The configuration files it was given.
    pub(super) fn configured(&self) -> &Configured {
        match self {
            Self::List(list) => &list.configured,
            Self::Sync(sync) => &sync.configured,
            Self::History(history) => &history.configured,
            Self::Forget(forget) => &forget.configured,
        }
    }

    /// Does it.
    ///
    /// # Errors
    ///
    /// Why it was not done.
    pub(super) async fn run(self, config: Config) -> Result<ExitCode, String> {
        let app = open(config).await?;
        let done = match self {
            Self::List(list) => list.run(&app).await,
            Self::Sync(sync) => sync.run(&app).await,
            Self::History(history) => history.run(&app).await,
            Self::Forget(forget) => forget.run(&app).await,
        };
        app.store.close().await.map_err(|error| explain(&error))?;
        done
    }
}

/// Opens what `serve` would, beside a `serve` that runs or without one.
async fn open(config: Config) -> Result<Arc<App>, String> {
    if config.store.kind == StoreKind::Memory {
        return Err(
            "store.kind is memory, which only the provider itself can see; choose sqlite".into(),
        );
    }
    let host = Host::new(Arc::new(SystemClock)).map_err(|error| explain(&error))?;
    let app = App::open(config, host)
        .await
        .map_err(|error| explain(&error))?;
    Ok(app.shared())
}
