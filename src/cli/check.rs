//! `panda-oidc check`: looks for mistakes without starting anything.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use panda_oidc::app::open_provider;
use panda_oidc::config::Config;
use panda_oidc::people::Groups;
use panda_oidc_sdk::{Host, SystemClock};

use super::{complain, explain};

/// Checks what `serve` would open, without touching network, store or keys.
pub(super) fn run(config: &Config) -> ExitCode {
    let host = match Host::new(Arc::new(SystemClock)) {
        Ok(host) => host,
        Err(error) => {
            complain(&explain(&error));
            return ExitCode::FAILURE;
        }
    };
    let groups = config.groups.clone();
    let opened = open_provider(config, &host).map(drop);
    if let Err(error) = opened.and(Groups::open(groups.configured, groups.file).map(drop)) {
        complain(&error);
        return ExitCode::FAILURE;
    }
    // The exit code says it as well, should nobody read this.
    let _ = writeln!(
        std::io::stdout(),
        "ok: {} with {} client(s)",
        config.issuer,
        config.clients.all().len()
    );
    ExitCode::SUCCESS
}
