//! `panda-oidc sessions end`.

use std::fmt;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{ArgGroup, Args};
use indicatif::{ProgressBar, ProgressStyle};
use panda_oidc::app::App;
use panda_oidc::error_chain::explain;
use panda_oidc::service::session_ending::{EndedSessions, end_sessions};

use super::selection::Selection;
use crate::cli::configured::ConfigArgs;
use crate::cli::output::{print, print_note};

/// Ends sessions.
#[derive(Debug, Args)]
#[command(group(
    ArgGroup::new("which").args(["person", "client", "sid", "all"]).required(true)
))]
pub(in crate::cli) struct End {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    #[command(flatten)]
    selection: Selection,
    /// The sessions of everybody.
    #[arg(long)]
    all: bool,
}

impl End {
    pub(super) async fn run(&self, app: &Arc<App>) -> Result<ExitCode, String> {
        if let Some(client) = &self.selection.client
            && app.clients.get(client).is_none()
        {
            print_note(&format_args!(
                "the configuration has no client {client}; sessions in which it was used still end"
            ));
        }
        // The bar is shown only on a terminal.
        let bar = ProgressBar::new_spinner().with_style(
            ProgressStyle::with_template("{spinner} {pos} sessions ended, {per_sec}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        let mut ended = EndedSessions::default();
        for filter in self.selection.filters()? {
            end_sessions(app, filter, &mut ended, |count| bar.inc(count))
                .await
                .map_err(|error| explain(&error))?;
        }
        bar.finish_and_clear();
        match self.selection.written() {
            Some(option) if ended.sessions == 0 => Err(format!(
                "no session has {option}; `panda-oidc sessions list` shows which there are"
            )),
            _ => {
                print(&Summary(&ended));
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// The line that says what has ended.
struct Summary<'a>(&'a EndedSessions);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EndedSessions {
            sessions,
            people,
            clients,
        } = self.0;
        write!(f, "ended sessions: {sessions}, of people: {}", people.len())?;
        if clients.is_empty() {
            return Ok(());
        }
        let clients: Vec<_> = clients.iter().map(String::as_str).collect();
        write!(f, "; told of it: {}", clients.join(", "))
    }
}
