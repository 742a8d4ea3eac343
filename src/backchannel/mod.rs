//! OpenID Connect Back-Channel Logout 1.0: which clients are notified, the logout token, and when
//! to retry.
//!
//! Nothing is sent from this module; [`crate::service::backchannel_logout`] sends the requests.

pub mod logout_token;
mod notifier;
pub mod retry;

pub use self::notifier::{LEASE_DURATION, LogoutNotifier};
