//! `panda-oidc sessions end`.

use std::collections::BTreeSet;
use std::fmt;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{ArgGroup, Args};
use indicatif::{ProgressBar, ProgressStyle};
use panda_oidc::app::App;
use panda_oidc::audit::{Change, SignOutCause};
use panda_oidc::error_chain::explain;
use panda_oidc::service::audit::{self, About};
use panda_oidc::service::backchannel_logout;
use panda_oidc::session::{EndedSession, SessionFilter};
use panda_oidc::store::SessionBatches;

use super::selection::Selection;
use crate::cli::change_record::ChangeRecord;
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

/// What has ended.
#[derive(Debug, Default)]
struct Ended {
    sessions: usize,
    people: BTreeSet<String>,
    clients: BTreeSet<String>,
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
        let record = ChangeRecord {
            change: Change::SessionsEnded,
            person: None,
            client_id: None,
            detail: Some(
                self.selection
                    .written()
                    .unwrap_or_else(|| "--all".to_owned()),
            ),
        };
        let recorded = record.append(app.store.as_ref()).await;
        recorded.map_err(|error| explain(&error))?;
        let mut ended = Ended::default();
        for filter in self.selection.filters()? {
            end(app, filter, &bar, &mut ended).await?;
        }
        bar.finish_and_clear();
        match self.selection.written() {
            Some(option) if ended.sessions == 0 => Err(format!(
                "no session has {option}; `panda-oidc sessions list` shows which there are"
            )),
            _ => {
                print(&ended);
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// Ends the sessions that `filter` selects. One that begins meanwhile may stay.
async fn end(
    app: &Arc<App>,
    filter: SessionFilter,
    bar: &ProgressBar,
    total: &mut Ended,
) -> Result<(), String> {
    let mut batches = SessionBatches::of(app.store.as_ref(), filter);
    loop {
        let batch = batches.next().await.map_err(|error| explain(&error))?;
        if batch.is_empty() {
            return Ok(());
        }
        let sids = batch.into_iter().map(|one| one.session.sid).collect();
        let notice = app.logout_notifier.notice(None, app.host.clock.now());
        let ended = app.store.end_sessions(sids, &notice).await;
        let ended = ended.map_err(|error| explain(&error))?;
        let recorded =
            audit::signed_out(app, &ended, SignOutCause::Operator, &About::default()).await;
        recorded.map_err(|error| explain(&error))?;
        bar.inc(ended.len() as u64);
        backchannel_logout::notify_clients(app, &ended).await;
        total.add(&ended);
    }
}

impl Ended {
    fn add(&mut self, ended: &[EndedSession]) {
        self.sessions += ended.len();
        for session in ended {
            self.people.insert(session.subject.to_string());
            let told = session.leased.iter();
            self.clients
                .extend(told.map(|one| one.client_id.to_string()));
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sessions, people) = (self.sessions, self.people.len());
        write!(f, "ended sessions: {sessions}, of people: {people}")?;
        if self.clients.is_empty() {
            return Ok(());
        }
        let clients: Vec<_> = self.clients.iter().map(String::as_str).collect();
        write!(f, "; told of it: {}", clients.join(", "))
    }
}
