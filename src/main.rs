//! The command line of panda-oidc.

mod cli;

use std::process::ExitCode;

use clap::Parser as _;
use tikv_jemallocator::Jemalloc;

/// Why not the system's: ADR 19.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    cli::run(cli::Cli::parse())
}
