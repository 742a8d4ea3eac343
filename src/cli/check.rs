//! `panda-oidc check`: looks for mistakes without starting anything.

use std::io::Write as _;
use std::sync::Arc;

use panda_oidc::app::open_provider;
use panda_oidc::config::Config;
use panda_oidc_sdk::{Host, SystemClock};

use super::explain;

/// Checks what `serve` would open, without touching network, store or keys.
///
/// # Errors
///
/// The mistake.
pub(super) fn run(config: &Config) -> Result<(), String> {
    let host = Host::new(Arc::new(SystemClock)).map_err(|error| explain(&error))?;
    open_provider(config, &host).map_err(|error| error.to_string())?;
    // The exit code says it as well, should nobody read this.
    let _ = writeln!(
        std::io::stdout(),
        "ok: {} with {} client(s)",
        config.issuer,
        config.clients.all().len()
    );
    Ok(())
}
