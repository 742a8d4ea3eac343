//! `panda-oidc audit search`.

use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Args;
use panda_oidc::audit::AuditFilter;
use panda_oidc::error_chain::explain;
use panda_oidc::store::AuditLog;
use panda_oidc_sdk::Subject;

use super::line::{RecordLine, for_each};
use super::time;
use crate::cli::configured::ConfigArgs;
use crate::cli::listing::{ListError, format_time, outcome, write_json};
use crate::cli::person_id::PersonId;
use crate::cli::table::Table;

/// Shows records.
#[derive(Debug, Args)]
pub(in crate::cli) struct Search {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    /// Records about the person with this id in the portal.
    #[arg(long, value_name = "ID", value_parser = PersonId::parse)]
    person: Option<PersonId>,
    /// Records about this client.
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// Records of this event, such as `signed_in`.
    #[arg(long, value_name = "EVENT")]
    event: Option<String>,
    /// Records of this time and later.
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    since: Option<DateTime<Utc>>,
    /// Records from before this time.
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    until: Option<DateTime<Utc>>,
    /// One JSON object a line, for scripts.
    #[arg(long)]
    json: bool,
}

impl Search {
    pub(super) async fn run(&self, store: &dyn AuditLog) -> Result<ExitCode, String> {
        let filter = self.filter(store).await?;
        outcome(self.show(store, &filter).await)
    }

    async fn show(&self, store: &dyn AuditLog, filter: &AuditFilter) -> Result<(), ListError> {
        let mut out = BufWriter::new(io::stdout().lock());
        if self.json {
            for_each(store, filter, |record| {
                write_json(&mut out, &RecordLine::of(record)?)
            })
            .await?;
            return Ok(out.flush()?);
        }
        let headings = ["TIME", "EVENT", "PERSON", "CLIENT", "DETAIL"];
        let mut table = Table::new(out, headings);
        for_each(store, filter, |record| {
            let person = record.person.as_ref().map(Subject::as_str);
            table.row([
                &format_time(record.at),
                &record.event,
                person.or(record.pseudonym.as_deref()).unwrap_or_default(),
                record.client_id.as_deref().unwrap_or_default(),
                &record.detail,
            ])
        })
        .await?;
        Ok(table.end()?)
    }

    /// An id may mean two people. The first who has records is meant.
    async fn filter(&self, store: &dyn AuditLog) -> Result<AuditFilter, String> {
        let mut filter = AuditFilter {
            person: None,
            client_id: self.client.clone(),
            event: self.event.clone(),
            since: self.since,
            until: self.until,
        };
        for candidate in self.person.iter().flat_map(PersonId::candidates) {
            filter.person = Some(candidate.clone());
            let of_person = AuditFilter {
                person: Some(candidate.clone()),
                ..AuditFilter::default()
            };
            let found = store.audit_records(&of_person, None, 1).await;
            if !found.map_err(|error| explain(&error))?.is_empty() {
                break;
            }
        }
        Ok(filter)
    }
}
