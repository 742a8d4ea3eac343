//! Refresh tokens, in families.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use openidconnect::ClientId;

use super::error::StoreError;
use crate::crypto::identifiers::{FamilyId, GrantId, RefreshTokenHash};
use crate::oauth::grant::ActiveGrant;

/// Refresh tokens, in families: one family a grant, one token good at a time.
#[async_trait]
pub trait RefreshTokens: Send + Sync {
    /// What there is to know of a family, if its grant stands and it has not expired.
    async fn family(
        &self,
        family: &FamilyId,
        now: DateTime<Utc>,
    ) -> Result<Option<Family>, StoreError>;

    /// Puts a successor in the place of the token that is presented (RFC 9700 §4.14.2). Of any
    /// number of concurrent callers with one token and one successor, all are `Granted`; the grant
    /// is revoked when what is presented is neither the latest token nor, within the grace, the
    /// one before it.
    async fn rotate(
        &self,
        rotation: Rotation,
        now: DateTime<Utc>,
    ) -> Result<RefreshOutcome, StoreError>;
}

/// A family of refresh tokens that can be used.
#[derive(Debug, Clone)]
pub struct Family {
    /// The identifier of its grant.
    pub id: GrantId,
    /// Its grant.
    pub granted: ActiveGrant,
    /// The token to bring next.
    pub latest: RefreshTokenHash,
    /// Until when that is good, if nothing ends before: unused, with its grant, or its session.
    pub expires_at: DateTime<Utc>,
}

/// A wish to have the next refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// The family of the token that is presented.
    pub family: FamilyId,
    /// Its digest.
    pub presented: RefreshTokenHash,
    /// The digest of the token that follows it.
    pub successor: RefreshTokenHash,
    /// Until when the successor will be good.
    pub expires_at: DateTime<Utc>,
    /// A token that was replaced after this moment may be presented again.
    pub grace_since: DateTime<Utc>,
}

/// What a refresh token turned out to be.
#[derive(Debug, Clone)]
pub enum RefreshOutcome {
    /// It was good, and its successor is now. Holds the grant's identifier and the grant.
    Granted(GrantId, Box<ActiveGrant>),
    /// It had been replaced before; its grant is revoked now. Holds whose it was, for the log.
    Reused(ClientId),
    /// It never was, has expired, or its grant does not stand.
    Unknown,
}
