//! The interface between panda-oidc and its plugins.
//!
//! An outside system that can authenticate users is wrapped as an [`IdentityProvider`]. The crate
//! that implements it exports one [`Plugin`], which reads the settings and opens the provider. This
//! crate holds the traits, the types that pass between host and plugin, the [`Clock`] that both
//! read, and the [`contract`] that every provider must satisfy. Protocol, cookies and store belong
//! to the host.

mod clock;
pub mod contract;
mod directory;
mod display_text;
mod error;
mod identity;
pub mod pasted;
mod provider;
mod ticket;
mod tls;

pub use clock::{Clock, ManualClock, SystemClock};
pub use directory::{Directory, Page};
pub use error::{LoginError, OpenError};
pub use identity::{Identity, InvalidSubject, Subject};
pub use provider::{Entrance, Host, IdentityProvider, LoginRequest, Plugin};
pub use ticket::Ticket;
pub use tls::{CaFileError, TlsProblem, TrustedCertificates};
