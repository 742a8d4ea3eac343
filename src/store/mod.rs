//! Persistent state: everything that outlives a request.
//!
//! Each method is a whole step of the protocol and one commit. When it returns, its result is on
//! disk; of two callers who race for the same thing, one wins. The store decides nothing else:
//! [`crate::login`] and [`crate::oauth`] decide which step to take. The rules for every backend are
//! written once, in `contract.rs`.
//!
//! The store never sees secrets in clear: handles, codes and tickets arrive as
//! [`Digest`](crate::crypto::handle::Digest)s, signing keys arrive sealed.

mod admin_tokens;
#[cfg(test)]
mod contract;
mod copy;
pub(crate) mod error;
mod grants;
mod links;
mod logout_deliveries;
mod maintenance;
mod people;
mod postgres;
mod readings;
mod refresh_tokens;
mod replay_cache;
mod session_listing;
mod sessions;
mod signing_keys;
mod sqlite;
mod tables;
mod user_listing;

pub use self::admin_tokens::AdminTokens;
pub use self::copy::{CopyError, Existing, copy, read_all};
pub use self::error::StoreError;
pub use self::grants::{CodeRedemption, Grants, NewFamily};
pub use self::links::Links;
pub use self::logout_deliveries::LogoutDeliveries;
pub use self::maintenance::Maintenance;
pub use self::people::{People, PeopleBatches};
pub use self::postgres::{PostgresSettings, PostgresStore, SchemaError, UrlError};
pub use self::readings::{AppliedChanges, DirectoryLease, DirectoryReadings};
pub use self::refresh_tokens::{Family, RefreshOutcome, RefreshTokens, Rotation};
pub use self::replay_cache::ReplayCache;
pub use self::session_listing::{SessionBatches, SessionListing};
pub use self::sessions::{EXPIRED_SESSION_RETENTION, Sessions};
pub use self::signing_keys::SealedKeys;
pub use self::sqlite::{Backup, Inspection, Missing, OpenError, SqliteStore, WriteTimeout};
pub use self::tables::{TableReader, TableWriter};
pub use self::user_listing::UserListing;

/// All persistent state of the provider.
pub trait Store:
    Sessions
    + SessionListing
    + LogoutDeliveries
    + Grants
    + RefreshTokens
    + Links
    + ReplayCache
    + People
    + UserListing
    + DirectoryReadings
    + SealedKeys
    + AdminTokens
    + Maintenance
{
}

impl<T> Store for T where
    T: Sessions
        + SessionListing
        + LogoutDeliveries
        + Grants
        + RefreshTokens
        + Links
        + ReplayCache
        + People
        + UserListing
        + DirectoryReadings
        + SealedKeys
        + AdminTokens
        + Maintenance
{
}
