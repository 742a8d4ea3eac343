//! `panda-oidc audit export`.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Args;
use panda_oidc::audit::AuditFilter;
use panda_oidc::store::AuditLog;

use super::line::{RecordLine, for_each};
use super::time;
use crate::cli::configured::ConfigArgs;
use crate::cli::listing::{ListError, outcome, write_json};

/// Writes records as JSON lines.
#[derive(Debug, Args)]
pub(in crate::cli) struct Export {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    /// Records of this time and later.
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    since: Option<DateTime<Utc>>,
    /// Records from before this time.
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    until: Option<DateTime<Utc>>,
    /// A new file, which only its owner can read; without it, the standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Export {
    pub(super) async fn run(&self, store: &dyn AuditLog) -> Result<ExitCode, String> {
        let Some(path) = &self.output else {
            return outcome(self.write(store, io::stdout().lock()).await);
        };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(path)
            .map_err(|error| format!("{} cannot be made: {error}", path.display()))?;
        let result = self.write(store, &file).await;
        let synced = result.and_then(|()| Ok(file.sync_all()?));
        outcome(synced)
    }

    async fn write(&self, store: &dyn AuditLog, out: impl Write) -> Result<(), ListError> {
        let mut out = BufWriter::new(out);
        let filter = AuditFilter {
            since: self.since,
            until: self.until,
            ..AuditFilter::default()
        };
        for_each(store, &filter, |record| {
            write_json(&mut out, &RecordLine::of(record)?)
        })
        .await?;
        Ok(out.flush()?)
    }
}
