//! The list of users of an outside system, where it has one.

use async_trait::async_trait;

use crate::{Identity, LoginError};

/// Lists the active users of an outside system.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Reads one page.
    ///
    /// `number` counts from 1. `size` is the requested page size; the outside system may return
    /// fewer users. A page beyond the last one may be empty, repeat another one or fail: [`Page::count`] says
    /// where the list ends.
    ///
    /// # Errors
    ///
    /// [`LoginError::Rejected`] when the outside system refuses to list; the other variants as for
    /// a login. A page is returned complete or not at all.
    async fn page(&self, number: u32, size: u32) -> Result<Page, LoginError>;
}

/// One page of a [`Directory`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The number of users over all pages, as the outside system reports it.
    pub count: u64,
    /// The users on this page, in the outside system's order.
    pub people: Vec<Identity>,
    /// The number of entries without a usable identifier. They are left out of `people`.
    pub unusable: usize,
}
