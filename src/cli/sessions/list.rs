//! `panda-oidc sessions list`.

use std::io::{self, BufWriter};
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Args;
use panda_oidc::session::{ListedSession, SessionFilter};
use panda_oidc::store::{SessionBatches, SessionListing};
use panda_oidc_sdk::{Clock as _, SystemClock};
use serde::Serialize;

use super::selection::Selection;
use crate::cli::configured::ConfigArgs;
use crate::cli::in_id_order::InIdOrder;
use crate::cli::listing::{ListError, format_time, outcome, write_json};
use crate::cli::table::Table;

/// Lists sessions.
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    #[command(flatten)]
    selection: Selection,
    /// Also sessions that are over. They are kept for some days, because apps may still have sessions
    /// of their own.
    #[arg(long)]
    expired: bool,
    /// One JSON object a line, for scripts.
    #[arg(long)]
    json: bool,
}

/// A session as it is printed.
#[derive(Debug, Serialize)]
struct SessionLine<'a> {
    id: &'a str,
    name: Option<&'a str>,
    auth_time: String,
    expires_at: String,
    clients: Vec<&'a str>,
    sid: &'a str,
}

impl List {
    pub(super) async fn run(&self, store: &dyn SessionListing) -> Result<ExitCode, String> {
        let filters = self.selection.filters()?;
        let out = BufWriter::new(io::stdout().lock());
        let result = if self.json {
            self.lines(store, filters, out).await
        } else {
            self.table(store, filters, out).await
        };
        outcome(result)
    }

    async fn lines(
        &self,
        store: &dyn SessionListing,
        filters: Vec<SessionFilter>,
        mut out: impl io::Write,
    ) -> Result<(), ListError> {
        self.for_each(store, filters, |line| write_json(&mut out, line))
            .await?;
        Ok(out.flush()?)
    }

    async fn table(
        &self,
        store: &dyn SessionListing,
        filters: Vec<SessionFilter>,
        out: impl io::Write,
    ) -> Result<(), ListError> {
        let headings = ["ID", "NAME", "SIGNED IN", "EXPIRES", "SID", "CLIENTS"];
        let mut table = Table::new(out, headings);
        self.for_each(store, filters, |line| {
            table.row([
                line.id,
                line.name.unwrap_or_default(),
                &line.auth_time,
                &line.expires_at,
                line.sid,
                &line.clients.join(" "),
            ])
        })
        .await?;
        Ok(table.end()?)
    }

    async fn for_each(
        &self,
        store: &dyn SessionListing,
        filters: Vec<SessionFilter>,
        mut show: impl FnMut(&SessionLine<'_>) -> io::Result<()>,
    ) -> Result<(), ListError> {
        let now = SystemClock.now();
        let mut ordered = InIdOrder::new();
        for filter in filters {
            let mut batches = SessionBatches::of(store, filter);
            loop {
                let batch = batches.next().await?;
                if batch.is_empty() {
                    break;
                }
                for session in batch.into_iter().filter(|one| self.selects(one, now)) {
                    for session in ordered.add(session) {
                        show(&line_of(&session))?;
                    }
                }
            }
        }
        for session in ordered.finish(|one| one.session.user.subject().as_str()) {
            show(&line_of(&session))?;
        }
        Ok(())
    }

    fn selects(&self, listed: &ListedSession, now: DateTime<Utc>) -> bool {
        self.expired || listed.session.is_live(now)
    }
}

fn line_of(listed: &ListedSession) -> SessionLine<'_> {
    let session = &listed.session;
    SessionLine {
        id: session.user.subject().as_str(),
        name: session.user.identity.name.as_deref(),
        auth_time: format_time(session.auth_time),
        expires_at: format_time(session.expires_at),
        clients: listed.clients.iter().map(|id| id.as_str()).collect(),
        sid: session.sid.as_str(),
    }
}
