//! The outside system's list of its users, where it has one.

use async_trait::async_trait;

use crate::{Identity, LoginError};

/// Lists the people an outside system counts as active.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Reads one page.
    ///
    /// `number` counts from 1; `size` is the most people wanted on a page, and the outside system
    /// may give fewer. A page beyond the last one is empty.
    ///
    /// # Errors
    ///
    /// [`LoginError::Rejected`] when the outside system refuses to list, the other two as for a
    /// login. A page is read whole or not at all.
    async fn page(&self, number: u32, size: u32) -> Result<Page, LoginError>;
}

/// One page of a [`Directory`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// How many people there are over all pages, as the outside system counts them.
    pub count: u64,
    /// The people on this page, in the outside system's order.
    pub people: Vec<Identity>,
    /// Entries of this page that name nobody (no usable identifier). They are left out of `people`.
    pub unusable: usize,
}
