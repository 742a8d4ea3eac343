//! Refresh token families.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use openidconnect::ClientId;

use super::error::StoreError;
use crate::crypto::identifiers::{FamilyId, GrantId, RefreshTokenHash};
use crate::oauth::grant::ActiveGrant;

/// Refresh token families. A grant has one family, and a family has one valid token at a time.
#[async_trait]
pub trait RefreshTokens: Send + Sync {
    /// The family, if it has not expired and its grant is active.
    async fn family(
        &self,
        family: &FamilyId,
        now: DateTime<Utc>,
    ) -> Result<Option<Family>, StoreError>;

    /// Replaces the presented token with its successor (RFC 9700 §4.14.2).
    ///
    /// Any number of concurrent callers with the same token and successor all get `Granted`. The
    /// grant is revoked if the presented token is neither the latest one nor, within the grace
    /// period, the one before it.
    async fn rotate(
        &self,
        rotation: Rotation,
        now: DateTime<Utc>,
    ) -> Result<RefreshOutcome, StoreError>;
}

/// An active refresh token family.
#[derive(Debug, Clone)]
pub struct Family {
    /// The identifier of its grant.
    pub id: GrantId,
    /// Its grant.
    pub granted: ActiveGrant,
    /// The token that is valid now.
    pub latest: RefreshTokenHash,
    /// When that token expires: after too long without use, or earlier with its grant or session.
    pub expires_at: DateTime<Utc>,
}

/// A request to replace a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// The family of the presented token.
    pub family: FamilyId,
    /// The digest of the presented token.
    pub presented: RefreshTokenHash,
    /// The digest of the token that replaces it.
    pub successor: RefreshTokenHash,
    /// When the successor expires.
    pub expires_at: DateTime<Utc>,
    /// A token that was replaced after this moment may be presented again, unless it was replaced more
    /// than a minute in the future.
    pub grace_since: DateTime<Utc>,
}

/// The outcome of presenting a refresh token.
#[derive(Debug, Clone)]
pub enum RefreshOutcome {
    /// The token was valid, and its successor is valid now. Holds the grant's identifier and the grant.
    Granted(GrantId, Box<ActiveGrant>),
    /// The token had been replaced before; its grant is revoked now. Holds the client it was issued to,
    /// for the log.
    Reused(ClientId),
    /// The token was never issued, has expired, or its grant is not active.
    Unknown,
}
