//! `panda-oidc links`: the accounts people have in clients.
//!
//! Every command opens the store of the configuration itself; whether the provider runs meanwhile
//! does not matter. Exit codes: 0 when all is well, 1 when something stands against it and nothing
//! was changed, 2 when the command was not understood.

mod export;
mod import;
mod list;
mod remove;
mod set;

use std::io;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use panda_oidc::config::{Config, StoreKind};
use panda_oidc::links::Place;
use panda_oidc::people::Link;
use panda_oidc::store::{SqliteStore, StoreError, Upkeep as _};
use panda_oidc_sdk::Subject;
use serde::Serialize;

use super::{Configured, complain, explain};

/// Lists and changes the accounts people have in clients.
#[derive(Debug, Args)]
pub(super) struct Links {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the accounts.
    List(list::List),
    /// Read a table of accounts (CSV), all of it or nothing.
    Import(import::Import),
    /// Write all accounts as a table (CSV) that can be imported again.
    Export(export::Export),
    /// Set what is said of one account; what is not named stays.
    Set(set::Set),
    /// Take one account away.
    Remove(remove::Remove),
}

/// Whose account, and where.
#[derive(Debug, Args)]
struct Account {
    /// The person's id in the portal.
    #[arg(value_name = "ID", value_parser = |id: &str| Subject::new(id))]
    id: Subject,
    /// The client the account is in; without it the account is for all clients.
    #[arg(long, value_name = "ID")]
    client: Option<String>,
}

impl Account {
    fn place(&self) -> Place {
        Place {
            subject: self.id.clone(),
            client: self.client.clone(),
        }
    }
}

impl Links {
    /// The configuration files it was given.
    pub(super) fn configured(&self) -> &Configured {
        match &self.command {
            Command::List(list) => &list.configured,
            Command::Import(import) => &import.configured,
            Command::Export(export) => &export.configured,
            Command::Set(set) => &set.configured,
            Command::Remove(remove) => &remove.configured,
        }
    }

    /// Does it.
    ///
    /// # Errors
    ///
    /// Why it was not done.
    pub(super) async fn run(&self, config: Config) -> Result<ExitCode, String> {
        match open_and_run(&self.command, &config).await {
            Ok(code) => Ok(code),
            // Whoever read the list has seen enough.
            Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                Ok(ExitCode::SUCCESS)
            }
            Err(Failure::Usage(told)) => {
                complain(&told);
                Ok(ExitCode::from(2))
            }
            Err(failure) => Err(explain(&failure)),
        }
    }
}

async fn open_and_run(command: &Command, config: &Config) -> Result<ExitCode, Failure> {
    if config.store.kind == StoreKind::Memory {
        return Err(Failure::Usage(
            "store.kind is memory, which only the provider itself can see; choose sqlite"
                .to_owned(),
        ));
    }
    let store = SqliteStore::open(&config.store.path)?;
    let done = match command {
        Command::List(list) => list.run(&store).await,
        Command::Import(import) => import.run(config, &store).await,
        Command::Export(export) => export.run(&store).await,
        Command::Set(set) => set.run(config, &store).await,
        Command::Remove(remove) => remove.run(&store).await,
    };
    let closed = store.close().await;
    let code = done?;
    closed?;
    Ok(code)
}

/// Why a command did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// It was asked for what there is not.
    #[error("{0}")]
    Usage(String),
    /// Something stands against it.
    #[error("{0}")]
    Refused(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file.
    #[error("{0}")]
    File(String, #[source] io::Error),
    /// What was to be told could not be.
    #[error("the output cannot be written")]
    Output(#[source] io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Output(error.into())
    }
}

impl From<csv::Error> for Failure {
    fn from(error: csv::Error) -> Self {
        Self::Output(error.into())
    }
}

fn is_client(config: &Config, id: &str) -> bool {
    let all = config.clients.all();
    all.iter().any(|client| client.id.as_str() == id)
}

/// Refuses a client that is not registered.
fn registered(config: &Config, client: Option<&str>) -> Result<(), Failure> {
    match client {
        Some(id) if !is_client(config, id) => Err(Failure::Usage(format!(
            "no client is registered as {id:?}; write a client_id of the configuration, or leave \
             --client out to mean all clients"
        ))),
        _ => Ok(()),
    }
}

/// The links are read from the store so many at a time.
const PART: u32 = 1000;

/// Calls `each` with every link, in the order of their ids, without holding all at once.
async fn all(
    store: &SqliteStore,
    mut each: impl FnMut(&Place, &Link) -> Result<(), Failure>,
) -> Result<(), Failure> {
    use panda_oidc::store::Links as _;
    let mut last: Option<Place> = None;
    loop {
        let part = store.links_after(last.as_ref(), PART).await?;
        for (place, link) in &part {
            each(place, link)?;
        }
        match part.into_iter().last() {
            Some((place, _)) => last = Some(place),
            None => return Ok(()),
        }
    }
}

/// A link as a line of JSON.
#[derive(Serialize)]
struct Told<'a> {
    id: &'a str,
    client: Option<&'a str>,
    #[serde(flatten)]
    link: &'a Link,
}

impl<'a> Told<'a> {
    fn of(place: &'a Place, link: &'a Link) -> Self {
        Self {
            id: place.subject.as_str(),
            client: place.client.as_deref(),
            link,
        }
    }
}
