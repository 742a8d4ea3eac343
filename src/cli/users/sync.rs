//! `panda-oidc users sync`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use panda_oidc::app::App;
use panda_oidc::directory::{Outcome, Report};
use panda_oidc::jobs::directory_sync::{self, Progress, SyncError, SyncOptions};

use crate::cli::configured::Configured;
use crate::cli::output::say;
use panda_oidc::error_chain::explain;

/// The exit code when the brake holds.
const BRAKED: u8 = 3;

/// How long another process is waited for that reads the list: longer than one that died keeps it.
const WAIT_TIMEOUT: Duration = Duration::from_secs(90);

/// How often it is looked whether it is done.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Reads the portal's list now.
#[derive(Debug, Args)]
pub(in crate::cli) struct Sync {
    #[command(flatten)]
    pub(super) configured: Configured,
    /// Whoever is missing is gone, however many they are. Reads the list twice.
    #[arg(long)]
    accept_removals: bool,
    /// Reads the list again at once if somebody is missing, instead of leaving them until the next time.
    #[arg(long)]
    confirm: bool,
    /// What came of it as one JSON object, for scripts.
    #[arg(long)]
    json: bool,
}

impl Sync {
    pub(super) async fn run(&self, app: &Arc<App>) -> Result<ExitCode, String> {
        let asked = SyncOptions {
            accept_removals: self.accept_removals,
            confirm: self.confirm,
        };
        // Shown on a terminal alone.
        let bar = ProgressBar::new(0).with_style(
            ProgressStyle::with_template("{pos} of {len} users, {per_sec} {wide_bar}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        let progress = |found, count| {
            bar.set_length(count);
            bar.set_position(found);
        };
        let report = once_free(app, asked, &progress).await;
        bar.finish_and_clear();
        let report = report.map_err(|error| explain(&error))?;
        if self.json {
            say(&serde_json::to_string(&report).map_err(|error| explain(&error))?);
        } else {
            say(&report.outcome);
        }
        Ok(match report.outcome {
            Outcome::Complete { .. } => ExitCode::SUCCESS,
            Outcome::Braked { .. } => ExitCode::from(BRAKED),
            Outcome::Failed { .. } => ExitCode::FAILURE,
        })
    }
}

/// Reads the list when no other process does; `serve` may be at it just now.
async fn once_free(
    app: &Arc<App>,
    asked: SyncOptions,
    progress: Progress<'_>,
) -> Result<Report, SyncError> {
    let patience = Instant::now() + WAIT_TIMEOUT;
    loop {
        match directory_sync::sync(app, asked, progress).await {
            Err(SyncError::Elsewhere) if Instant::now() < patience => {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
            done => return done,
        }
    }
}
