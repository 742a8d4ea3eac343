//! The accounts people have in clients, as a store keeps them.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use panda_oidc_sdk::{Identity, Subject};

use super::error::StoreError;
use crate::links::{Change, Joined, Place, Wanted};
use crate::people::Link;

/// Accounts in clients, joined to people.
///
/// In a client, a username is one person's, and so is an address; letters are the same small or
/// capital. What a link for all clients says counts in each of them.
#[async_trait]
pub trait Links: Send + Sync {
    /// The account `client` has for `subject`, completed with the one for all clients.
    async fn link(&self, subject: &Subject, client: &ClientId) -> Result<Option<Link>, StoreError>;

    /// Makes every change or, when one would give what is another person's, none. The changes are
    /// of one moment: two people may swap their usernames. A link that is left without anything
    /// is gone.
    async fn join(&self, changes: Arc<[Change]>, now: DateTime<Utc>) -> Result<Joined, StoreError>;

    /// What [`Links::join`] would answer. Changes nothing.
    async fn rehearse(&self, changes: Arc<[Change]>) -> Result<Joined, StoreError>;

    /// Takes a link away. `false` when there was none.
    async fn part(&self, of: &Place) -> Result<bool, StoreError>;

    /// Up to `most` links after `place`, in the order of their places.
    async fn links_after(
        &self,
        place: Option<&Place>,
        most: u32,
    ) -> Result<Vec<(Place, Link)>, StoreError>;

    /// Everybody who may be meant by `wanted`, found in one pass over all people.
    async fn candidates(&self, wanted: Wanted) -> Result<Vec<Identity>, StoreError>;
}
