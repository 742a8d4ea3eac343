//! `panda-oidc users sync`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use panda_oidc::app::App;
use panda_oidc::audit::Change;
use panda_oidc::directory::{Outcome, Report};
use panda_oidc::jobs::directory_sync::{self, Progress, SyncError, SyncOptions};

use crate::cli::change_record::ChangeRecord;
use crate::cli::configured::ConfigArgs;
use crate::cli::output::print;
use panda_oidc::error_chain::explain;

/// The exit code when the removal guard refuses the list.
const BLOCKED_EXIT_CODE: u8 = 3;

/// How long to wait for another process that reads the list. Longer than the lease of a process that
/// died.
const WAIT_TIMEOUT: Duration = Duration::from_secs(90);

/// How often to check whether the other process is done.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Reads the portal's list now.
#[derive(Debug, Args)]
pub(in crate::cli) struct Sync {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    /// Remove everybody who is missing, however many they are. Reads the list twice.
    #[arg(long)]
    accept_removals: bool,
    /// Read the list again at once if somebody is missing, instead of waiting for the next sync.
    #[arg(long)]
    confirm: bool,
    /// The outcome as one JSON object, for scripts.
    #[arg(long)]
    json: bool,
}

impl Sync {
    pub(super) async fn run(&self, app: &Arc<App>) -> Result<ExitCode, String> {
        let options = SyncOptions {
            accept_removals: self.accept_removals,
            confirm: self.confirm,
        };
        if self.accept_removals {
            let record = ChangeRecord {
                change: Change::RemovalsAccepted,
                person: None,
                client_id: None,
                detail: None,
            };
            let recorded = record.append(app.store.as_ref()).await;
            recorded.map_err(|error| explain(&error))?;
        }
        // The bar is shown only on a terminal.
        let bar = ProgressBar::new(0).with_style(
            ProgressStyle::with_template("{pos} of {len} users, {per_sec} {wide_bar}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        let progress = |found, count| {
            bar.set_length(count);
            bar.set_position(found);
        };
        let report = sync_when_free(app, options, &progress).await;
        bar.finish_and_clear();
        let report = report.map_err(|error| explain(&error))?;
        if self.json {
            print(&serde_json::to_string(&report).map_err(|error| explain(&error))?);
        } else {
            print(&report.outcome);
        }
        Ok(match report.outcome {
            Outcome::Complete { .. } => ExitCode::SUCCESS,
            Outcome::Blocked { .. } => ExitCode::from(BLOCKED_EXIT_CODE),
            Outcome::Failed { .. } => ExitCode::FAILURE,
        })
    }
}

/// Reads the list once no other process, such as `serve`, is reading it.
async fn sync_when_free(
    app: &Arc<App>,
    options: SyncOptions,
    progress: Progress<'_>,
) -> Result<Report, SyncError> {
    let deadline = Instant::now() + WAIT_TIMEOUT;
    loop {
        match directory_sync::sync(app, options, progress).await {
            Err(SyncError::LeaseHeld) if Instant::now() < deadline => {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
            result => return result,
        }
    }
}
