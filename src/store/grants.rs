//! Codes, and the grants they stand for.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use openidconnect::ClientId;

use super::error::StoreError;
use crate::crypto::identifiers::{FamilyId, GrantId, RefreshTokenHash};
use crate::oauth::grant::{ActiveGrant, Grant};

/// Codes, and the grants they stand for.
#[async_trait]
pub trait Grants: Send + Sync {
    /// Stores a grant under the digest of its code, and its client with the session.
    ///
    /// The code can be taken until `code_expires_at`; the grant is remembered until `keep_until`,
    /// so that reuse of the code is noticed and its tokens can be refused.
    async fn issue(
        &self,
        code: &GrantId,
        grant: Grant,
        code_expires_at: DateTime<Utc>,
        keep_until: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Hands the grant over once: of any number of concurrent callers, one gets `Granted`
    /// (RFC 6749 §4.1.2). Every other caller revokes what the first one was given. If the grant is
    /// refreshable, `family` begins with it.
    async fn redeem(
        &self,
        code: &GrantId,
        family: Option<NewFamily>,
        now: DateTime<Utc>,
    ) -> Result<CodeRedemption, StoreError>;

    /// The grant that was begun by the code with digest `id`, if it stands: its code was taken, it
    /// is not revoked, and its session lives or it is offline.
    async fn active_grant(
        &self,
        id: &GrantId,
        now: DateTime<Utc>,
    ) -> Result<Option<ActiveGrant>, StoreError>;

    /// Revokes a grant: from now on nothing it gave is good for anything. Revoking what is not
    /// there is no error (RFC 7009 §2.2).
    async fn revoke(&self, id: &GrantId) -> Result<(), StoreError>;
}

/// The first refresh token of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewFamily {
    /// The digest all tokens of the grant share.
    pub family: FamilyId,
    /// The token's own digest.
    pub token: RefreshTokenHash,
    /// Until when the token is good.
    pub expires_at: DateTime<Utc>,
    /// Until when the grant is remembered, and the last of its tokens can be good.
    pub retain_until: DateTime<Utc>,
}

/// What a code turned out to be.
#[derive(Debug, Clone)]
pub enum CodeRedemption {
    /// It was good, and is spent now.
    Granted(Box<ActiveGrant>),
    /// It had been taken before; its grant is revoked now. Holds whose it was, for the log.
    Reused(ClientId),
    /// It never was, has expired, or its session is over.
    Unknown,
}
