//! `panda-oidc users history ID`.

use std::process::ExitCode;

use clap::Args;
use panda_oidc::directory::{Event, HistoryEntry, Presence};
use panda_oidc::store::Store;
use serde_json::json;

use crate::cli::configured::ConfigArgs;
use crate::cli::listing::format_time;
use crate::cli::output::print;
use crate::cli::person_id::{PersonId, unknown_user};
use panda_oidc::error_chain::explain;

/// Shows what happened to a user who left.
#[derive(Debug, Args)]
pub(in crate::cli) struct History {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    /// The user's id in the portal.
    id: String,
    /// One JSON object, for scripts.
    #[arg(long)]
    json: bool,
}

impl History {
    pub(super) async fn run(&self, store: &dyn Store) -> Result<ExitCode, String> {
        let id = PersonId::parse(&self.id).map_err(|error| error.to_string())?;
        let mut known = None;
        for subject in id.candidates() {
            let person = store.person(subject).await;
            known = person.map_err(|error| explain(&error))?;
            if known.is_some() {
                break;
            }
        }
        let Some(person) = known else {
            return Err(unknown_user(&self.id));
        };
        let subject = person.user.subject();
        let history = store.history(subject).await;
        let history = history.map_err(|error| explain(&error))?;
        let state = person.presence.as_str();
        if self.json {
            let events: Vec<_> = history
                .iter()
                .map(|entry| {
                    let mut event = json!(entry.event);
                    event["at"] = json!(format_time(entry.at));
                    event
                })
                .collect();
            print(&json!({"id": subject.as_str(), "state": state, "events": events}));
            return Ok(ExitCode::SUCCESS);
        }
        let name = person.user.identity.name.as_deref().unwrap_or("-");
        print(&format_args!("{subject}  {name}  {state}"));
        for entry in &history {
            print(&format_args!(
                "{}  {}",
                format_time(entry.at),
                describe(entry)
            ));
        }
        if history.is_empty() {
            print(&match person.presence {
                Presence::Left(at) => format!(
                    "{}  left; what became of it was forgotten since",
                    format_time(at)
                ),
                _ => "nothing has happened: they never were missing from the portal's list"
                    .to_owned(),
            });
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn describe(entry: &HistoryEntry) -> String {
    match &entry.event {
        Event::Absent => "missing from the portal's list for the first time".to_owned(),
        Event::Left { sessions, .. } if sessions.is_empty() => {
            "missing again: gone. Nobody was signed in".to_owned()
        }
        Event::Left { sessions, clients } if clients.is_empty() => {
            let ended = sessions.len();
            format!(
                "missing again: gone. Sessions that ended: {ended}; no app had been used in them"
            )
        }
        Event::Left { sessions, clients } => {
            let (ended, clients) = (sessions.len(), clients.join(", "));
            format!(
                "missing again: gone. Sessions that ended: {ended}; they were of the apps {clients}"
            )
        }
        Event::LogoutDelivered { client_id, sid } => {
            format!("{client_id} confirmed the end of session {sid}")
        }
        Event::LogoutNotDelivered { client_id, sid } => format!(
            "{client_id} was NOT told of the end of session {sid}; see the log, and end it there by hand"
        ),
        Event::Returned => "listed again: may sign in".to_owned(),
    }
}
