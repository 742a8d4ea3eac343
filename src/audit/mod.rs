//! The audit log: what is recorded, and how a chain of hashes shows that a record was changed or removed.

mod chain;
mod event;
mod record;

pub use self::chain::{Block, ChainFault, NewBlock, Sealable, Verifier};
pub use self::event::{Change, Event, SignOutCause};
pub use self::record::{AuditFilter, Entry, NewRecord, Record};
