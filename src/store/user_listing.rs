//! The listing of all known people, for systems that read it (SCIM).

use async_trait::async_trait;
use panda_oidc_sdk::Subject;

use crate::scim::UserRow;
use crate::store::error::StoreError;

/// All known people, ordered by subject as text. There may be a million, so no method returns more
/// than the requested number.
#[async_trait]
pub trait UserListing: Send + Sync {
    /// The row of the person with this `subject`.
    async fn user_row(&self, subject: &Subject) -> Result<Option<UserRow>, StoreError>;

    /// Up to `limit` rows after `after`.
    async fn user_rows(
        &self,
        after: Option<&Subject>,
        limit: u32,
    ) -> Result<Vec<UserRow>, StoreError>;

    /// How many people there are.
    async fn user_count(&self) -> Result<u64, StoreError>;

    /// The subject `steps` places after `after`; one step is the next person. `None` when there are
    /// not that many people, or `steps` is zero.
    async fn seek(
        &self,
        after: Option<&Subject>,
        steps: u32,
    ) -> Result<Option<Subject>, StoreError>;
}
