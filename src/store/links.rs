//! Storage of the accounts that people have in clients.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use panda_oidc_sdk::{Identity, Subject};

use super::error::StoreError;
use crate::links::{ApplyOutcome, LinkChange, LinkKey, PersonQuery};
use crate::people::Link;

/// Links between people and their accounts in clients.
///
/// Within a client, a username belongs to one person, and so does an email address. Both are compared
/// without regard to case. A link for all clients counts in each of them.
#[async_trait]
pub trait Links: Send + Sync {
    /// The account of `subject` in `client`, completed from their link for all clients.
    async fn link(&self, subject: &Subject, client: &ClientId) -> Result<Option<Link>, StoreError>;

    /// Applies every change, or none if one would assign a username or address that belongs to
    /// another person. The changes apply at once: two people may swap their usernames. A link that
    /// ends up empty is removed.
    async fn apply(
        &self,
        changes: Arc<[LinkChange]>,
        now: DateTime<Utc>,
    ) -> Result<ApplyOutcome, StoreError>;

    /// Returns what [`Links::apply`] would return, and changes nothing.
    async fn dry_run(&self, changes: Arc<[LinkChange]>) -> Result<ApplyOutcome, StoreError>;

    /// Removes a link. `false` when there was none.
    async fn unlink(&self, link_key: &LinkKey) -> Result<bool, StoreError>;

    /// Up to `limit` links after `link_key`, in the order of their keys.
    async fn links_after(
        &self,
        link_key: Option<&LinkKey>,
        limit: u32,
    ) -> Result<Vec<(LinkKey, Link)>, StoreError>;

    /// All people who match `wanted`, found in one pass over all people.
    async fn find_people(&self, wanted: PersonQuery) -> Result<Vec<Identity>, StoreError>;
}
