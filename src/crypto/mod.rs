//! The master key and its uses: it seals signing keys in the store and state in cookies, and hashes
//! tickets. Also random handles, refresh tokens and the identifiers made from them.
//!
//! The master key is one 256-bit key in a file of the operator's. Every use has its own key derived
//! from it (HKDF, RFC 5869), so that nothing sealed for one purpose can be opened for another.

mod audit_key;
pub mod handle;
pub mod identifiers;
mod master_key;
pub mod refresh_token;
mod sealer;
mod ticket_hasher;

pub use self::audit_key::AuditKey;
pub use self::master_key::{MasterKey, MasterKeyError};
pub use self::sealer::{Purpose, Sealer};
pub use self::ticket_hasher::TicketHasher;

const KEY_BYTES: usize = 32;

#[cfg(test)]
fn key() -> MasterKey {
    MasterKey::from([7; KEY_BYTES])
}
