//! `panda-oidc users list`.

use std::io::{self, BufWriter};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use panda_oidc::app::App;
use panda_oidc::directory::{Person, Presence};
use panda_oidc::store::Everybody;
use serde::Serialize;

use super::text::moment;
use crate::cli::configured::Configured;
use crate::cli::table::Table;
use panda_oidc::error_chain::explain;

/// Shows who is known.
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    pub(super) configured: Configured,
    /// Only those the portal lists, misses, has lost, or never listed.
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Only those whose id, name or phone has this in it.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// One JSON object a line, for scripts.
    #[arg(long)]
    json: bool,
}

/// What the portal says of somebody.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    Listed,
    Absent,
    Left,
    Unlisted,
}

/// A person as scripts get them.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    id: &'a str,
    name: Option<&'a str>,
    phone: Option<&'a str>,
    state: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
}

impl List {
    pub(super) async fn run(&self, app: &App) -> Result<ExitCode, String> {
        let out = BufWriter::new(io::stdout().lock());
        let shown = if self.json {
            self.lines(app, out).await
        } else {
            self.table(app, out).await
        };
        match shown {
            // `| head` has seen enough.
            Err(Halt::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                Ok(ExitCode::SUCCESS)
            }
            Err(Halt::Write(error)) => Err(format!("the list cannot be written: {error}")),
            Err(Halt::Store(error)) => Err(error),
            Ok(()) => Ok(ExitCode::SUCCESS),
        }
    }

    async fn lines(&self, app: &App, mut out: impl io::Write) -> Result<(), Halt> {
        self.each(app, |shown| {
            serde_json::to_writer(&mut out, shown)?;
            out.write_all(b"\n")
        })
        .await?;
        Ok(out.flush()?)
    }

    async fn table(&self, app: &App, out: impl io::Write) -> Result<(), Halt> {
        let mut table = Table::new(out, ["ID", "NAME", "PHONE", "STATE", "SINCE"]);
        self.each(app, |shown| {
            table.row([
                shown.id,
                shown.name.unwrap_or_default(),
                shown.phone.unwrap_or_default(),
                shown.state,
                shown.since.as_deref().unwrap_or_default(),
            ])
        })
        .await?;
        Ok(table.end()?)
    }

    async fn each(
        &self,
        app: &App,
        mut show: impl FnMut(&Shown<'_>) -> io::Result<()>,
    ) -> Result<(), Halt> {
        let mut everybody = Everybody::of(app.store.as_ref());
        loop {
            let people = everybody.next().await;
            let people = people.map_err(|error| Halt::Store(explain(&error)))?;
            if people.is_empty() {
                return Ok(());
            }
            for person in people.iter().filter(|person| self.wants(person)) {
                show(&shown(person))?;
            }
        }
    }

    fn wants(&self, person: &Person) -> bool {
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
            let told = [
                Some(identity.subject.as_str()),
                identity.name.as_deref(),
                identity.phone.as_deref(),
            ];
            told.into_iter().flatten().any(|told| told.contains(text))
        };
        state && self.search.as_deref().is_none_or(has)
    }
}

fn shown(person: &Person) -> Shown<'_> {
    let identity = &person.user.identity;
    let since = match person.presence {
        Presence::Absent(since) | Presence::Left(since) => Some(since),
        Presence::Listed | Presence::Unlisted => None,
    };
    Shown {
        id: identity.subject.as_str(),
        name: identity.name.as_deref(),
        phone: identity.phone.as_deref(),
        state: person.presence.as_str(),
        since: since.map(moment),
    }
}

/// Why the showing stopped.
enum Halt {
    Store(String),
    Write(io::Error),
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}
