//! Measures what `docs/reliability.md` promises: the built binary over SQLite and the simulated portal,
//! on loopback, under kills, floods, mixed load, a jumping clock and a faulty portal.
//!
//! `cargo test --release --test soak -- mixed --minutes 60`; `-- --help` lists the scenarios. Each ends
//! by itself and prints a table in Markdown. The exit code is 1 when something that was confirmed is
//! lost, a request fails, or a flood keeps everybody out. A time or a size that misses its target is
//! marked in the table and changes no exit code: other programs may use the machine.

#![cfg(unix)]
#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a measurement that cannot continue has failed"
)]
#![expect(
    clippy::cast_precision_loss,
    reason = "no figure here exceeds the precision of a float"
)]

#[path = "../support/mod.rs"]
mod support;

mod clock;
mod floods;
mod kill;
mod mixed;
mod portal;
mod progress;
mod server;
mod table;
mod visit;
mod wire;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

/// Measures the reliability of the built program.
#[derive(Parser)]
struct Arguments {
    /// Another binary to measure.
    #[arg(long, global = true, default_value = support::program::BINARY)]
    binary: PathBuf,
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Subcommand)]
enum Scenario {
    /// `kill -9` under load: nothing confirmed is lost, and no code is redeemed twice.
    Kill {
        /// How often the program is killed.
        #[arg(long, default_value_t = 100)]
        rounds: u64,
    },
    /// Floods from one address or several: memory, and the launches of another address.
    Floods {
        /// How long each flood lasts.
        #[arg(long, default_value_t = 30)]
        seconds: u64,
        /// Seconds from the end of a flood until memory is read again.
        #[arg(long, default_value_t = 60)]
        after: u64,
        /// Only the floods whose names contain this.
        #[arg(long, default_value = "")]
        only: String,
    },
    /// Logins, refreshes, logouts, changes of user and bad requests: memory stays flat, nothing fails.
    Mixed {
        /// How long it lasts.
        #[arg(long, default_value_t = 60.0)]
        minutes: f64,
        /// Visits per second.
        #[arg(long, default_value_t = 10.0)]
        rate: f64,
    },
    /// The clock jumps under load. Needs libfaketime (`bash .ci/faketime.sh`).
    Clock,
    /// The portal is down, hangs or lies: sessions live on, launches are answered in time.
    Portal,
    /// A few seconds of kills, a flood and mixed load, so that this program works when it is needed.
    Smoke,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let Arguments { binary, scenario } = Arguments::parse();
    let is_kept = match scenario {
        Scenario::Kill { rounds } => kill::run(&binary, rounds).await,
        Scenario::Floods {
            seconds,
            after,
            only,
        } => {
            let (seconds, after) = (Duration::from_secs(seconds), Duration::from_secs(after));
            floods::run(&binary, seconds, after, &only).await
        }
        Scenario::Mixed { minutes, rate } => {
            mixed::run(&binary, Duration::from_secs_f64(minutes * 60.0), rate).await
        }
        Scenario::Clock => clock::run(&binary).await,
        Scenario::Portal => portal::run(&binary).await,
        Scenario::Smoke => {
            let second = Duration::from_secs(1);
            kill::run(&binary, 1).await
                && mixed::run(&binary, 5 * second, 5.0).await
                && floods::run(&binary, 2 * second, second, "bad requests").await
        }
    };
    if is_kept {
        ExitCode::SUCCESS
    } else {
        eprintln!("Something was lost or failed: see the table above");
        ExitCode::FAILURE
    }
}
