//! OpenID Connect Back-Channel Logout 1.0: who is notified, with what token, and when again.
//!
//! Nothing is sent from here; [`crate::service::backchannel_logout`] makes the calls.

pub mod logout_token;
mod notifier;
pub mod retry;

pub use self::notifier::{LEASE_DURATION, LogoutNotifier};
