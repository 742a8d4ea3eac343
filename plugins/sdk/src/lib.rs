//! What a plugin of panda-oidc is made of.
//!
//! An outside system that can say who somebody is becomes an [`IdentityProvider`]; the crate that
//! implements it exports one [`Plugin`], which reads the settings and opens the provider. This
//! crate holds the traits, the types that pass between host and plugin, the [`Clock`] both read,
//! and the [`contract`] every provider is held to. It owns no protocol, no cookie and no store:
//! those are the host's.

mod clock;
pub mod contract;
mod directory;
mod error;
mod identity;
mod provider;
mod ticket;

pub use clock::{Clock, ManualClock, SystemClock};
pub use directory::{Directory, Page};
pub use error::{LoginError, OpenError};
pub use identity::{Identity, InvalidSubject, Subject};
pub use provider::{Brought, Entrance, Host, IdentityProvider, Plugin};
pub use ticket::Ticket;
