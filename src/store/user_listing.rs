//! Everybody who is known, one after the other, as other systems read them.

use async_trait::async_trait;
use panda_oidc_sdk::Subject;

use crate::scim::UserRow;
use crate::store::error::StoreError;

/// The people that are known, in the order of their subjects as text. There may be a million: no
/// method gives more of them than it is asked for.
#[async_trait]
pub trait UserListing: Send + Sync {
    /// The entry of the person called `subject`.
    async fn user_row(&self, subject: &Subject) -> Result<Option<UserRow>, StoreError>;

    /// The next entries, at most `most`.
    async fn user_rows(
        &self,
        after: Option<&Subject>,
        most: u32,
    ) -> Result<Vec<UserRow>, StoreError>;

    /// How many people there are.
    async fn user_count(&self) -> Result<u64, StoreError>;

    /// The person `steps` further on, of whom the first is the one next to `after`. `None` when there
    /// are not that many, or no step was asked for.
    async fn seek(
        &self,
        after: Option<&Subject>,
        steps: u32,
    ) -> Result<Option<Subject>, StoreError>;
}
