//! `panda-oidc check`: looks for mistakes without starting anything.

use std::process::ExitCode;
use std::sync::Arc;

use panda_oidc::app::open_provider;
use panda_oidc::config::Config;
use panda_oidc_sdk::{Host, SystemClock};

use super::explain;

/// Checks what `serve` would open, without touching network, store or keys.
pub(super) fn run(config: &Config) -> ExitCode {
    let host = match Host::new(Arc::new(SystemClock)) {
        Ok(host) => host,
        Err(error) => {
            eprintln!("error: {}", explain(&error));
            return ExitCode::FAILURE;
        }
    };
    if let Err(error) = open_provider(config, &host) {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
    println!(
        "ok: {} with {} client(s)",
        config.issuer,
        config.clients.all().len()
    );
    ExitCode::SUCCESS
}
