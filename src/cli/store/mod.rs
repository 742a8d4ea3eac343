//! `panda-oidc store`: backups of the store, and copies into another one.

mod backup;
mod check;
mod copy;
mod progress;
mod restore;

use std::process::ExitCode;

use clap::Subcommand;

/// What to do with the store.
#[derive(Debug, Subcommand)]
pub(super) enum Store {
    /// Write all data into a new file, while the provider runs.
    ///
    /// The file is an SQLite database, whatever the store is, and holds names and telephone numbers. The master key
    /// is not in it: keep a copy of that elsewhere, since one is useless without the other.
    Backup(backup::Backup),
    /// Put the data of a backup into the store.
    ///
    /// Stop the provider first: it would go on with the signing keys that it has read.
    Restore(restore::Restore),
    /// Copy all data from one store to another, such as from SQLite to PostgreSQL.
    Copy(copy::Copy),
    /// Read the whole store, and look for damage. Exit code 1 if there is any.
    Check(check::Check),
}

impl Store {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Why the command failed, or what is wrong with the configuration.
    pub(super) async fn run(self) -> Result<ExitCode, Vec<String>> {
        let result = match self {
            Self::Backup(backup) => backup.run(&backup.configured.load()?).await,
            Self::Restore(restore) => restore.run(&restore.configured.load()?).await,
            Self::Check(check) => check.run(&check.configured.load()?).await,
            Self::Copy(copy) => {
                let (from, to) = copy.load()?;
                copy.run(&from, &to).await
            }
        };
        result.map_err(|error| vec![error])
    }
}
