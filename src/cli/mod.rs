//! The commands, one file each.

mod check;
mod demo;
mod files;
mod links;
mod log;
mod serve;
mod table;
mod users;

use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use panda_oidc::config::{self, Config};
use panda_oidc::error_chain::explain;
use tracing_subscriber::EnvFilter;

use self::log::Log;

/// Lets OpenID Connect clients log people in through 熊猫智慧水务 (Panda Smart Water).
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try the whole road on this machine: simulated portal, provider, an app. Prints one URL to open.
    Demo(demo::Demo),
    /// Run the provider.
    Serve(Configured),
    /// Look for mistakes in a configuration; exit 1 if there are any.
    Check(Configured),
    /// The accounts people have in clients: list, import, export, set, remove.
    Links(links::Links),
    /// See who is known, read the portal's list, and what became of leavers.
    #[command(subcommand)]
    Users(users::Users),
}

#[derive(Debug, Args)]
struct Configured {
    /// A configuration file; may be repeated, later files win. `PANDA_OIDC__SECTION__KEY` in the
    /// environment wins over all.
    #[arg(long, value_name = "FILE", required = true)]
    config: Vec<PathBuf>,
}

impl Configured {
    /// Reads the configuration, or says everything that is wrong with it.
    fn load(&self) -> Result<Config, Vec<String>> {
        config::load(&self.config)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }
}

/// Runs a command. Where nobody reads what went wrong, the exit code has to do.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let Ok(log) = Log::open() else {
        return ExitCode::FAILURE;
    };
    let lines = log.lines();
    let default = match cli.command {
        Command::Demo(_) | Command::Links(_) => "warn",
        Command::Serve(_) | Command::Check(_) => "info",
        // What comes of them is told on stdout.
        Command::Users(_) => "error,panda_oidc::directory=off",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let ansi = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || lines.clone())
        .with_ansi(ansi)
        // It would be told on stderr, and a stderr that is full panics.
        .log_internal_errors(false)
        .init();
    match perform(cli.command) {
        Ok(code) => code,
        Err(problems) => {
            for problem in problems {
                log.lines().say(&format_args!("error: {problem}"));
            }
            ExitCode::FAILURE
        }
    }
}

/// Does what is asked, or says what went wrong.
fn perform(command: Command) -> Result<ExitCode, Vec<String>> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| vec![format!("the runtime could not be started: {error}")])?;
    let done = match command {
        Command::Demo(demo) => runtime.block_on(demo::run(demo)).map(success),
        Command::Serve(configured) => runtime
            .block_on(serve::run(configured.load()?))
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
    };
    done.map_err(|error| vec![error])
}

fn success((): ()) -> ExitCode {
    ExitCode::SUCCESS
}

/// Tells whoever asked. The exit code says it as well, should nobody read this.
fn say(what: &dyn Display) {
    let _ = writeln!(std::io::stdout(), "{what}");
}

/// Tells what stands against a command that goes on all the same, or has more than one thing to say.
fn complain(what: &dyn Display) {
    let _ = writeln!(std::io::stderr(), "error: {what}");
}

/// Waits for Ctrl-C, or what a service manager sends, once a call. They are heard from now on, even
/// before they are waited for.
fn asked_to_stop() -> Result<impl AsyncFnMut(), String> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let hear = |kind| signal(kind).map_err(|error| format!("no signal can be heard: {error}"));
        let mut interrupt = hear(SignalKind::interrupt())?;
        let mut terminate = hear(SignalKind::terminate())?;
        Ok(async move || {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async || {
        let _ = tokio::signal::ctrl_c().await;
    })
}
