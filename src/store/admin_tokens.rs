//! The tokens of the admin API.

use async_trait::async_trait;

use super::error::StoreError;
use crate::admin::Token;
use crate::crypto::identifiers::AdminTokenHash;

/// The tokens of the admin API. Only hashes of their secrets are stored.
#[async_trait]
pub trait AdminTokens: Send + Sync {
    /// Stores a token whose secret has this hash. `false` when there is a token of the same name, expired or not.
    async fn add_admin_token(
        &self,
        token: &Token,
        hash: &AdminTokenHash,
    ) -> Result<bool, StoreError>;

    /// The token whose secret has this hash, expired or not.
    async fn admin_token(&self, hash: &AdminTokenHash) -> Result<Option<Token>, StoreError>;

    /// All tokens, also expired ones, oldest first.
    async fn admin_tokens(&self) -> Result<Vec<Token>, StoreError>;

    /// Removes the token with this `id` and returns it; `None` when there is none. The token is refused from
    /// then on.
    async fn revoke_admin_token(&self, id: &str) -> Result<Option<Token>, StoreError>;
}
