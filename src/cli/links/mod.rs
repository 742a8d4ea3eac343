//! `panda-oidc links`: the accounts people have in clients.
//!
//! Every command opens the configured store itself; the provider may run at the same time. Exit
//! codes: 0 for success, 1 when the command was refused and nothing was changed, 2 for a usage error.

mod account;
mod export;
mod failure;
mod import;
mod list;
mod remove;
mod set;
mod walk;

use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use panda_oidc::app::{files, open_store};
use panda_oidc::config::Config;
use panda_oidc::error_chain::explain;
use panda_oidc::store::Missing;

use self::failure::Failure;
use crate::cli::configured::{ConfigArgs, in_store};
use crate::cli::opened::require_shared_store;
use crate::cli::output::print_error;

/// Lists and changes the accounts people have in clients.
#[derive(Debug, Args)]
pub(super) struct Links {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the accounts.
    List(list::List),
    /// Read a table of accounts (CSV), all of it or nothing.
    Import(import::Import),
    /// Write all accounts as a table (CSV) that can be imported again.
    Export(export::Export),
    /// Set values of one account; values that are not named stay as they are.
    Set(set::Set),
    /// Remove one account.
    Remove(remove::Remove),
}

impl Links {
    /// The configuration files of the command.
    pub(super) fn configured(&self) -> &ConfigArgs {
        match &self.command {
            Command::List(list) => &list.configured,
            Command::Import(import) => &import.configured,
            Command::Export(export) => &export.configured,
            Command::Set(set) => &set.configured,
            Command::Remove(remove) => &remove.configured,
        }
    }

    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Why the command failed.
    pub(super) async fn run(&self, config: Config) -> Result<ExitCode, String> {
        match open_and_run(&self.command, &config).await {
            Ok(code) => Ok(code),
            // The reader has closed the pipe, as `head` does.
            Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                Ok(ExitCode::SUCCESS)
            }
            Err(Failure::Usage(message)) => {
                print_error(&message);
                Ok(ExitCode::from(2))
            }
            Err(failure) => Err(explain(&failure)),
        }
    }
}

async fn open_and_run(command: &Command, config: &Config) -> Result<ExitCode, Failure> {
    require_shared_store(config).map_err(Failure::Usage)?;
    let missing = match command {
        Command::Import(import) if !import.dry_run => Missing::Create,
        Command::Set(_) => Missing::Create,
        Command::List(_) | Command::Import(_) | Command::Export(_) | Command::Remove(_) => {
            Missing::Refuse
        }
    };
    let is_empty = |path: &Path| path.metadata().map_or(true, |file| file.len() == 0);
    if missing == Missing::Create
        && config.store.file().is_some_and(is_empty)
        && let Some(warning) = files::begins_anew(config, true)
    {
        tracing::warn!("{warning}");
    }
    let store = open_store(&config.store, missing).await;
    let store = store.map_err(|error| Failure::Refused(in_store(config, &error)))?;
    let store = store.as_ref();
    let result = match command {
        Command::List(list) => list.run(config, store).await,
        Command::Import(import) => import.run(config, store).await,
        Command::Export(export) => export.run(store).await,
        Command::Set(set) => set.run(config, store).await,
        Command::Remove(remove) => remove.run(store).await,
    };
    let closed = store.close().await;
    let code = result?;
    closed?;
    Ok(code)
}
