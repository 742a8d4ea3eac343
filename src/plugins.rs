//! The plugins of this build: the only file that names them.

use panda_oidc_sdk::Plugin;

/// Every kind of identity provider that `[provider]` can name.
pub const ALL: &[&dyn Plugin] = &[&panda_oidc_panda::Plugin];

/// The portal that the demo simulates.
pub use panda_oidc_panda::simulator;
