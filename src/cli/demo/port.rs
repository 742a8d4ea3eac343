//! The ports of the demo.

use panda_oidc::error_chain::explain;

/// Where a part of the demo listens.
#[derive(Debug, Clone, Copy)]
pub(super) enum Port {
    /// There, or at any free port.
    Preferred(u16),
    /// There, because the user has said so.
    Fixed(u16),
}

/// Why the demo does not listen at the port that the user has chosen.
pub(super) fn taken(port: u16, error: &dyn std::error::Error) -> String {
    let why = explain(error);
    format!("port {port} cannot be used ({why}); choose another with --port, or leave it out")
}
