//! What outlives a request.
//!
//! Each method is a whole step of the protocol and one commit: what a caller was answered is on
//! disk, and of two callers who race for the same thing one wins. The store decides nothing else;
//! which step to take is the business of [`crate::login`] and [`crate::oauth`]. What every backend
//! keeps to is written once, in `contract.rs`.
//!
//! Secrets never arrive here in clear: handles, codes and tickets come as [`Digest`](crate::crypto::handle::Digest)s, signing keys
//! sealed.

#[cfg(test)]
mod contract;
mod error;
mod grants;
mod links;
mod logout_deliveries;
mod maintenance;
mod people;
mod readings;
mod refresh_tokens;
mod replay_cache;
mod sessions;
mod signing_keys;
mod sqlite;
mod user_listing;

pub use self::error::StoreError;
pub use self::grants::{CodeRedemption, Grants, NewFamily};
pub use self::links::Links;
pub use self::logout_deliveries::LogoutDeliveries;
pub use self::maintenance::Maintenance;
pub use self::people::{Everybody, People};
pub use self::readings::{CarriedOut, DirectoryLease, Readings};
pub use self::refresh_tokens::{Family, RefreshOutcome, RefreshTokens, Rotation};
pub use self::replay_cache::ReplayCache;
pub use self::sessions::{RUN_OUT_KEPT, Sessions};
pub use self::signing_keys::SealedKeys;
pub use self::sqlite::{OpenError, SqliteStore};
pub use self::user_listing::UserListing;

/// Everything the product keeps.
pub trait Store:
    Sessions
    + LogoutDeliveries
    + Grants
    + RefreshTokens
    + Links
    + ReplayCache
    + People
    + UserListing
    + Readings
    + SealedKeys
    + Maintenance
{
}

impl<T> Store for T where
    T: Sessions
        + LogoutDeliveries
        + Grants
        + RefreshTokens
        + Links
        + ReplayCache
        + People
        + UserListing
        + Readings
        + SealedKeys
        + Maintenance
{
}
