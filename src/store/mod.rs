//! What outlives a request.
//!
//! Each method is a whole step of the protocol and one commit: what a caller was answered is on
//! disk, and of two callers who race for the same thing one wins. The store decides nothing else;
//! which step to take is the business of [`crate::login`] and [`crate::oauth`]. What every backend
//! keeps to is written once, in `contract.rs`.
//!
//! Secrets never arrive here in clear: handles, codes and tickets come as [`Digest`]s, signing keys
//! sealed.

#[cfg(test)]
mod contract;
mod deliveries;
mod links;
mod memory;
mod people;
mod roll;
mod sqlite;

use std::error::Error;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::ClientId;

pub use self::deliveries::LogoutDeliveries;
pub use self::links::Links;
pub use self::memory::MemoryStore;
pub use self::people::{CarriedOut, DirectoryLease, Everybody, People, Readings};
pub use self::roll::Roll;
pub use self::sqlite::{OpenError, SqliteStore};
use crate::crypto::handle::Digest;
use crate::keys::SealedKey;
use crate::login::sign_in::{Claim, Ownership, SignIn, SignInOutcome};
use crate::oauth::grant::{Grant, Granted};
use crate::session::{EndedSession, Farewell, Session, SessionId};

/// The store failed; the backend's own error is the source.
#[derive(Debug, thiserror::Error)]
#[error("the store failed to {step}")]
pub struct StoreError {
    /// What it was doing, as the end of the sentence "the store failed to …".
    pub step: &'static str,
    /// Why.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

/// Everything the product keeps.
pub trait Store:
    Sessions
    + LogoutDeliveries
    + Grants
    + RefreshTokens
    + Links
    + Spending
    + People
    + Roll
    + Readings
    + SealedKeys
    + Upkeep
{
}

impl<T> Store for T where
    T: Sessions
        + LogoutDeliveries
        + Grants
        + RefreshTokens
        + Links
        + Spending
        + People
        + Roll
        + Readings
        + SealedKeys
        + Upkeep
{
}

/// Sessions, the handles that open them, and who owns which ticket.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// The live session that `handle` opens.
    async fn session(
        &self,
        handle: &Digest,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreError>;

    /// Who owns `ticket`, if anybody does at `now`.
    async fn owner(
        &self,
        ticket: &Digest,
        now: DateTime<Utc>,
    ) -> Result<Option<Ownership>, StoreError>;

    /// The live session that `ticket` opened last.
    async fn opened_by(
        &self,
        ticket: &Digest,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreError>;

    /// Signs a person in: claims the ticket, ends what other users had in this browser, begins or
    /// continues a session, and remembers what the portal said about the user, all or nothing.
    ///
    /// Of any number of callers who claim one ticket for different browsers, one is `SignedIn`.
    async fn sign_in(&self, asked: SignIn, now: DateTime<Utc>)
    -> Result<SignInOutcome, StoreError>;

    /// Claims `ticket` without signing anybody in: the person has yet to confirm a change of user.
    /// `false` when it is another's, by the rules of [`Sessions::sign_in`].
    async fn claim(&self, claim: Claim, now: DateTime<Utc>) -> Result<bool, StoreError>;

    /// Ends a session: its handles open nothing, its grants are dead, offline ones too, the tickets
    /// that opened it are spent for good. One that ran out can be ended too, for [`RUN_OUT_KEPT`]: its clients may
    /// have sessions of their own still. What they are to be told is queued as `farewell` says.
    /// `None` when there is no such session; of many callers one gets it.
    async fn end(
        &self,
        sid: &SessionId,
        farewell: &Farewell,
    ) -> Result<Option<EndedSession>, StoreError>;
}

/// How long a session that ran out is remembered, so that its clients are told when another user
/// takes the browser over.
pub const RUN_OUT_KEPT: TimeDelta = TimeDelta::days(7);

/// Codes, and the grants they stand for.
#[async_trait]
pub trait Grants: Send + Sync {
    /// Stores a grant under the digest of its code, and its client with the session.
    ///
    /// The code can be taken until `code_expires_at`; the grant is remembered until `keep_until`,
    /// so that reuse of the code is noticed and its tokens can be refused.
    async fn issue(
        &self,
        code: &Digest,
        grant: Grant,
        code_expires_at: DateTime<Utc>,
        keep_until: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Hands the grant over once: of any number of concurrent callers, one gets `Granted`
    /// (RFC 6749 §4.1.2). Every other caller revokes what the first one was given. If the grant is
    /// refreshable, `family` begins with it.
    async fn take(
        &self,
        code: &Digest,
        family: Option<NewFamily>,
        now: DateTime<Utc>,
    ) -> Result<Taken, StoreError>;

    /// The grant that was begun by the code with digest `id`, if it stands: its code was taken, it
    /// is not revoked, and its session lives or it is offline.
    async fn granted(&self, id: &Digest, now: DateTime<Utc>)
    -> Result<Option<Granted>, StoreError>;

    /// Revokes a grant: from now on nothing it gave is good for anything. Revoking what is not
    /// there is no error (RFC 7009 §2.2).
    async fn revoke(&self, id: &Digest) -> Result<(), StoreError>;
}

/// The first refresh token of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewFamily {
    /// The digest all tokens of the grant share.
    pub family: Digest,
    /// The token's own digest.
    pub token: Digest,
    /// Until when the token is good.
    pub expires_at: DateTime<Utc>,
    /// Until when the grant is remembered, and the last of its tokens can be good.
    pub keep_until: DateTime<Utc>,
}

/// Refresh tokens, in families: one family a grant, one token good at a time.
#[async_trait]
pub trait RefreshTokens: Send + Sync {
    /// What there is to know of a family, if its grant stands and it has not expired.
    async fn family(
        &self,
        family: &Digest,
        now: DateTime<Utc>,
    ) -> Result<Option<Family>, StoreError>;

    /// Puts a successor in the place of the token that is presented (RFC 9700 §4.14.2). Of any
    /// number of concurrent callers with one token and one successor, all are `Granted`; the grant
    /// is revoked when what is presented is neither the latest token nor, within the grace, the
    /// one before it.
    async fn rotate(&self, rotation: Rotation, now: DateTime<Utc>) -> Result<Rotated, StoreError>;
}

/// A family of refresh tokens that can be used.
#[derive(Debug, Clone)]
pub struct Family {
    /// The identifier of its grant.
    pub id: Digest,
    /// Its grant.
    pub granted: Granted,
    /// The token to bring next.
    pub latest: Digest,
    /// Until when that is good, if nothing ends before: unused, with its grant, or its session.
    pub expires_at: DateTime<Utc>,
}

/// A wish to have the next refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// The family of the token that is presented.
    pub family: Digest,
    /// Its digest.
    pub presented: Digest,
    /// The digest of the token that follows it.
    pub successor: Digest,
    /// Until when the successor will be good.
    pub expires_at: DateTime<Utc>,
    /// A token that was replaced after this moment may be presented again.
    pub grace_since: DateTime<Utc>,
}

/// What a refresh token turned out to be.
#[derive(Debug, Clone)]
pub enum Rotated {
    /// It was good, and its successor is now. Holds the grant's identifier and the grant.
    Granted(Digest, Box<Granted>),
    /// It had been replaced before; its grant is revoked now. Holds whose it was, for the log.
    Reused(ClientId),
    /// It never was, has expired, or its grant does not stand.
    Unknown,
}

/// What a code turned out to be.
#[derive(Debug, Clone)]
pub enum Taken {
    /// It was good, and is spent now.
    Granted(Box<Granted>),
    /// It had been taken before; its grant is revoked now. Holds whose it was, for the log.
    Reused(ClientId),
    /// It never was, has expired, or its session is over.
    Unknown,
}

/// Whatever is good for one use, by a name that tells it apart from everything else.
#[async_trait]
pub trait Spending: Send + Sync {
    /// Spends `name`: of any number of concurrent callers one gets `true`, and nobody else does
    /// until the time is `until`.
    async fn spend(
        &self,
        name: &Digest,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;

    /// Whether `name` was spent and its time is not over.
    async fn is_spent(&self, name: &Digest, now: DateTime<Utc>) -> Result<bool, StoreError>;
}

/// Signing keys, sealed under the master key.
#[async_trait]
pub trait SealedKeys: Send + Sync {
    /// All keys, oldest first.
    async fn keys(&self) -> Result<Vec<SealedKey>, StoreError>;

    /// Stores `key` unless one of the same algorithm is there, and answers with the one that is:
    /// of processes that start at once, all sign with the same key.
    async fn keep_first(&self, key: SealedKey) -> Result<SealedKey, StoreError>;
}

/// Keeping house.
#[async_trait]
pub trait Upkeep: Send + Sync {
    /// Removes what has expired by `now`, sessions [`RUN_OUT_KEPT`] later and not before the last
    /// offline grant that came from them, in small commits that do not hold up logins. Returns how many rows went.
    async fn sweep(&self, now: DateTime<Utc>) -> Result<usize, StoreError>;

    /// Whether the store can commit: writes nothing that stays.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Finishes what was begun and closes the store; later calls fail.
    async fn close(&self) -> Result<(), StoreError>;
}
