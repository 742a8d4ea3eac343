//! `panda-oidc store backup`.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use panda_oidc::app::{read_tables, require_master_key};
use panda_oidc::config::Config;
use panda_oidc::error_chain::explain;
use panda_oidc::store::{Existing, SqliteStore};
use panda_oidc_sdk::{Clock as _, SystemClock};

use super::progress::copy_with_bar;
use crate::cli::configured::{ConfigArgs, in_store};
use crate::cli::opened::{require_shared_store, sealed_keys};
use crate::cli::output::print;

/// Backs the store up.
#[derive(Debug, Args)]
pub(in crate::cli) struct Backup {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    /// The file to make, with mode 0600. It must not exist.
    file: PathBuf,
}

impl Backup {
    pub(super) async fn run(&self, config: &Config) -> Result<ExitCode, String> {
        require_shared_store(config)?;
        let file = &self.file;
        let refuse = |error: io::Error| format!("{} cannot be made: {error}", file.display());
        if file.try_exists().map_err(refuse)? {
            return Err(format!(
                "{} exists already; choose a new name, since a backup replaces none",
                file.display()
            ));
        }
        // A backup whose keys the master key does not open is worthless: better to know now.
        let keys = sealed_keys(config).await?;
        require_master_key(config, &keys, SystemClock.now()).map_err(|error| explain(&error))?;
        let mut source = read_tables(&config.store)
            .await
            .map_err(|error| in_store(config, &error))?;
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // It has its name only once it is complete and on disk. Its mode is 0600 from the beginning.
        let unfinished = tempfile::Builder::new()
            .prefix(".panda-oidc-backup-")
            .tempfile_in(folder)
            .map_err(refuse)?;
        let target = SqliteStore::write_tables(unfinished.path());
        let target = target.map_err(|error| explain(&error))?;
        copy_with_bar(source.as_mut(), target, Existing::Replace, "").await?;
        SqliteStore::close_file(unfinished.path()).map_err(|error| explain(&error))?;
        unfinished.as_file().sync_all().map_err(refuse)?;
        unfinished
            .persist_noclobber(file)
            .map_err(|error| refuse(error.error))?;
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(refuse)?;
        print(&format_args!(
            "backup: {}; it needs the master key {}, which is not in it: keep a copy of that elsewhere",
            file.display(),
            config.keys.master_key_file.display()
        ));
        Ok(ExitCode::SUCCESS)
    }
}
