//! The plugins of this build. No other file names them.

use panda_oidc_sdk::Plugin;

/// Every kind of identity provider that `[provider]` can select.
pub const ALL: &[&dyn Plugin] = &[&panda_oidc_panda::Plugin];

/// The portal that the demo simulates.
pub use panda_oidc_panda::simulator;
