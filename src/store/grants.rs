//! Authorization codes and their grants.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use openidconnect::ClientId;

use super::error::StoreError;
use crate::crypto::identifiers::{FamilyId, GrantId, RefreshTokenHash};
#[cfg(doc)]
use crate::oauth::grant::CODE_LIFETIME;
use crate::oauth::grant::{ActiveGrant, Grant};

/// Authorization codes and their grants.
#[async_trait]
pub trait Grants: Send + Sync {
    /// Stores a grant under the digest of its code, and adds its client to the session.
    ///
    /// The code can be redeemed until `code_expires_at`. Nothing is kept of one that is not: otherwise
    /// a browser with a session could fill the disk.
    async fn issue(
        &self,
        code: &GrantId,
        grant: Grant,
        code_expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Stores a grant that no code is issued for, as active, and adds its client to the session.
    /// `None` if the session is over; then nothing is stored.
    ///
    /// The grant is retained until `retain_until`. A refreshable grant starts the refresh token
    /// family `family`, and is retained as long as that.
    async fn issue_redeemed(
        &self,
        id: &GrantId,
        grant: Grant,
        family: NewFamily,
        retain_until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<ActiveGrant>, StoreError>;

    /// Redeems a code once: of any number of concurrent callers, one gets `Granted`
    /// (RFC 6749 §4.1.2). Every other caller revokes the tokens that the first one got. A
    /// refreshable grant starts the refresh token family `family`.
    ///
    /// A code that was not issued to `client` is unknown to it: it is neither used up nor are its tokens
    /// revoked, because others than its client see a code.
    ///
    /// A code that expires more than a minute later than [`CODE_LIFETIME`] from now is unknown: a clock that
    /// was ahead has dated it.
    ///
    /// From now on the grant is retained until `retain_until`, and as long as its family, so that reuse
    /// of the code is detected and its tokens can be refused.
    async fn redeem(
        &self,
        code: &GrantId,
        client: &ClientId,
        family: Option<NewFamily>,
        retain_until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<CodeRedemption, StoreError>;

    /// The grant of the code with digest `id`, if it is active: its code was redeemed, it is neither
    /// expired nor revoked, and its session is live or the grant is offline.
    async fn active_grant(
        &self,
        id: &GrantId,
        now: DateTime<Utc>,
    ) -> Result<Option<ActiveGrant>, StoreError>;

    /// Revokes a grant and with it every token issued from it. Revoking an unknown grant is not an
    /// error (RFC 7009 §2.2).
    async fn revoke(&self, id: &GrantId) -> Result<(), StoreError>;
}

/// A refresh token family to start, with its first token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewFamily {
    /// The digest that all refresh tokens of the grant share.
    pub family: FamilyId,
    /// The digest of the first token.
    pub token: RefreshTokenHash,
    /// When the first token expires.
    pub expires_at: DateTime<Utc>,
    /// When the grant expires, and the last of its tokens at the latest.
    pub retain_until: DateTime<Utc>,
}

/// The outcome of redeeming a code.
#[derive(Debug, Clone)]
pub enum CodeRedemption {
    /// The code was valid and is redeemed now.
    Granted(Box<ActiveGrant>),
    /// The code had been redeemed before; its grant is revoked now. Holds the client it was issued to,
    /// for the log.
    Reused(ClientId),
    /// The code was never issued to this client, has expired, or its session is over.
    Unknown,
}
