//! The master key, and what it seals: signing keys in the store, state in cookies, the names of
//! tickets.
//!
//! One 256-bit key in a file of the operator's; every use has its own key derived from it (HKDF,
//! RFC 5869), so that nothing sealed for one purpose can be opened for another.

mod master_key;
mod sealer;
mod ticket_namer;

pub use self::master_key::{MasterKey, MasterKeyError};
pub use self::sealer::{Purpose, Sealer};
pub use self::ticket_namer::TicketNamer;

const KEY_BYTES: usize = 32;

#[cfg(test)]
fn key() -> MasterKey {
    MasterKey::from([7; KEY_BYTES])
}
