//! The commands, one file each.

mod check;
mod clients;
mod configured;
mod demo;
mod files;
mod in_id_order;
mod keys;
mod links;
mod listen;
mod listing;
mod log;
mod names;
mod opened;
mod output;
mod owners;
mod person_id;
mod reload;
mod serve;
mod sessions;
mod stop;
mod store;
mod table;
#[cfg(test)]
mod tests;
mod tokens;
mod users;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::configured::ConfigArgs;
use self::log::{Level, Log};

/// Lets OpenID Connect clients log people in through 熊猫智慧水务 (Panda Smart Water).
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try a complete login on this machine: simulated portal, provider, an app. Prints one URL to open.
    Demo(demo::Demo),
    /// Run the provider.
    Serve(ConfigArgs),
    /// Look for mistakes in a configuration; exit 1 if there are any.
    Check(ConfigArgs),
    /// The accounts people have in clients: list, import, export, set, remove.
    Links(links::Links),
    /// List the known users, read the portal's list, and show what happened to users who left.
    #[command(subcommand)]
    Users(users::Users),
    /// The sessions of people: list them, end them.
    #[command(subcommand)]
    Sessions(sessions::Sessions),
    /// The registered clients: what a person would get in one.
    #[command(subcommand)]
    Clients(clients::Clients),
    /// The tokens of the admin API: create, list, revoke.
    #[command(subcommand)]
    Tokens(tokens::Tokens),
    /// The store: back it up, restore it, copy it into another one, check it.
    #[command(subcommand)]
    Store(store::Store),
    /// The signing keys: list them, rotate them.
    #[command(subcommand)]
    Keys(keys::Keys),
}

/// Runs a command and logs its errors. Without a log only the exit code reports a failure.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let Ok(log) = Log::open() else {
        return ExitCode::FAILURE;
    };
    let default = match cli.command {
        Command::Demo(_) | Command::Links(_) => "warn",
        Command::Serve(_) | Command::Check(_) => "info",
        // These commands print their outcome on stdout.
        Command::Users(_)
        | Command::Sessions(_)
        | Command::Store(_)
        | Command::Keys(_)
        | Command::Clients(_)
        | Command::Tokens(_) => {
            "error,panda_oidc::app::files=warn,panda_oidc::jobs::directory_sync=off"
        }
    };
    let level = Level::of(&log, default);
    match perform(cli.command, &level) {
        Ok(code) => code,
        Err(problems) => {
            for problem in problems {
                log.lines().say(&format_args!("error: {problem}"));
            }
            ExitCode::FAILURE
        }
    }
}

/// Executes the command, or returns its errors.
fn perform(command: Command, level: &Level) -> Result<ExitCode, Vec<String>> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| vec![format!("the runtime could not be started: {error}")])?;
    let result = match command {
        Command::Demo(demo) => runtime.block_on(demo::run(demo)).map(success),
        Command::Serve(configured) => runtime
            .block_on(serve::run(configured.load()?, &configured.config, level))
            .map(success),
        Command::Check(configured) => runtime
            .block_on(check::run(&configured.load()?))
            .map(success),
        Command::Links(links) => {
            let config = links.configured().load()?;
            runtime.block_on(links.run(config))
        }
        Command::Users(users) => {
            let config = users.configured().load()?;
            runtime.block_on(users.run(config))
        }
        Command::Sessions(sessions) => {
            let config = sessions.configured().load()?;
            runtime.block_on(sessions.run(config))
        }
        Command::Clients(clients) => {
            let config = clients.configured().load()?;
            runtime.block_on(clients.run(config))
        }
        Command::Tokens(tokens) => {
            let config = tokens.configured().load()?;
            runtime.block_on(tokens.run(&config))
        }
        Command::Store(store) => return runtime.block_on(store.run()),
        Command::Keys(keys) => {
            let config = keys.configured().load()?;
            runtime.block_on(keys.run(config))
        }
    };
    result.map_err(|error| vec![error])
}

fn success((): ()) -> ExitCode {
    ExitCode::SUCCESS
}
