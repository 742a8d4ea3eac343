//! `panda-oidc store check`.

use std::process::ExitCode;

use clap::Args;
use panda_oidc::app::{read_tables, require_master_key};
use panda_oidc::config::Config;
use panda_oidc::error_chain::explain;
use panda_oidc::store::{SqliteStore, read_all};
use panda_oidc_sdk::{Clock as _, SystemClock};
use serde_json::{Map, json};

use super::progress::counts;
use crate::cli::configured::{ConfigArgs, in_store};
use crate::cli::opened::{require_shared_store, sealed_keys};
use crate::cli::output::{print, print_error};

/// Checks the store.
#[derive(Debug, Args)]
pub(in crate::cli) struct Check {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    /// A JSON object, for scripts.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) async fn run(&self, config: &Config) -> Result<ExitCode, String> {
        require_shared_store(config)?;
        let keys = sealed_keys(config).await?;
        let mut problems = Vec::new();
        if let Some(file) = config.store.file() {
            problems
                .extend(SqliteStore::integrity(file).map_err(|error| in_store(config, &error))?);
        }
        if let Err(error) = require_master_key(config, &keys, SystemClock.now()) {
            problems.push(explain(&error));
        }
        let tables = read_tables(&config.store).await;
        let mut tables = tables.map_err(|error| in_store(config, &error))?;
        let read = read_all(tables.as_mut()).await;
        let read = read.map_err(|error| in_store(config, &error))?;
        let is_sound = problems.is_empty();
        if self.json {
            let rows: Map<_, _> = read
                .iter()
                .map(|(table, rows)| ((*table).to_owned(), json!(rows)))
                .collect();
            let store = config.store.location();
            print(&json!({ "store": store, "rows": rows, "problems": problems }));
        } else {
            print(&format_args!("store: {}", config.store.location()));
            print(&counts(&read));
            for problem in &problems {
                print_error(problem);
            }
            if is_sound {
                print(&"ok: every row can be read, and the master key opens the signing keys");
            }
        }
        Ok(if is_sound {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}
