//! `panda-oidc users list`.

use std::io::{self, BufWriter};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use panda_oidc::directory::{Person, Presence};
use panda_oidc::store::{PeopleBatches, Store};
use serde::Serialize;

use crate::cli::configured::ConfigArgs;
use crate::cli::in_id_order::InIdOrder;
use crate::cli::listing::{ListError, format_time, outcome, write_json};
use crate::cli::table::Table;

/// Lists the known users.
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    pub(super) configured: ConfigArgs,
    /// Only users that the portal lists, misses for the first time, no longer has, or never listed.
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Only users whose id, name or phone contains this.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// One JSON object a line, for scripts.
    #[arg(long)]
    json: bool,
}

/// Whether the portal lists a user.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Listed,
    Absent,
    Left,
    Unlisted,
}

/// A user as they are printed.
#[derive(Debug, Serialize)]
struct UserLine<'a> {
    id: &'a str,
    name: Option<&'a str>,
    phone: Option<&'a str>,
    state: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

impl List {
    pub(super) async fn run(&self, store: &dyn Store) -> Result<ExitCode, String> {
        let out = BufWriter::new(io::stdout().lock());
        let result = if self.json {
            self.lines(store, out).await
        } else {
            self.table(store, out).await
        };
        outcome(result)
    }

    async fn lines(&self, store: &dyn Store, mut out: impl io::Write) -> Result<(), ListError> {
        self.for_each(store, |line| write_json(&mut out, line))
            .await?;
        Ok(out.flush()?)
    }

    async fn table(&self, store: &dyn Store, out: impl io::Write) -> Result<(), ListError> {
        let mut table = Table::new(out, ["ID", "NAME", "PHONE", "STATE", "SINCE"]);
        self.for_each(store, |line| {
            table.row([
                line.id,
                line.name.unwrap_or_default(),
                line.phone.unwrap_or_default(),
                line.state,
                line.since.as_deref().unwrap_or_default(),
            ])
        })
        .await?;
        Ok(table.end()?)
    }

    async fn for_each(
        &self,
        store: &dyn Store,
        mut show: impl FnMut(&UserLine<'_>) -> io::Result<()>,
    ) -> Result<(), ListError> {
        let mut everybody = PeopleBatches::of(store);
        let mut ordered = InIdOrder::new();
        loop {
            let people = everybody.next().await?;
            if people.is_empty() {
                break;
            }
            for person in people.into_iter().filter(|person| self.selects(person)) {
                for person in ordered.add(person) {
                    show(&line_of(&person))?;
                }
            }
        }
        for person in ordered.finish(|person| person.user.subject().as_str()) {
            show(&line_of(&person))?;
        }
        Ok(())
    }

    fn selects(&self, person: &Person) -> bool {
        let state = self.state.is_none_or(|state| {
            matches!(
                (state, person.presence),
                (State::Listed, Presence::Listed)
                    | (State::Absent, Presence::Absent(_))
                    | (State::Left, Presence::Left(_))
                    | (State::Unlisted, Presence::Unlisted)
            )
        });
        let identity = &person.user.identity;
        let has = |text: &str| {
            let fields = [
                Some(identity.subject.as_str()),
                identity.name.as_deref(),
                identity.phone.as_deref(),
            ];
            fields
                .into_iter()
                .flatten()
                .any(|field| field.contains(text))
        };
        state && self.search.as_deref().is_none_or(has)
    }
}

fn line_of(person: &Person) -> UserLine<'_> {
    let identity = &person.user.identity;
    let since = match person.presence {
        Presence::Absent(since) | Presence::Left(since) => Some(since),
        Presence::Listed | Presence::Unlisted => None,
    };
    UserLine {
        id: identity.subject.as_str(),
        name: identity.name.as_deref(),
        phone: identity.phone.as_deref(),
        state: person.presence.as_str(),
        since: since.map(format_time),
    }
}
