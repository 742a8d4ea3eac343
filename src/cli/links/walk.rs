//! Reads all links in batches, and writes a link as JSON.

use panda_oidc::links::LinkKey;
use panda_oidc::people::Link;
use panda_oidc::store::SqliteStore;
use serde::Serialize;

use super::failure::Failure;

/// How many links are read from the store at once.
const BATCH_SIZE: u32 = 1000;

/// Calls `each` with every link, ordered by id, without holding all links in memory.
pub(super) async fn for_each_link(
    store: &SqliteStore,
    mut each: impl FnMut(&LinkKey, &Link) -> Result<(), Failure>,
) -> Result<(), Failure> {
    use panda_oidc::store::Links as _;
    let mut last: Option<LinkKey> = None;
    loop {
        let batch = store.links_after(last.as_ref(), BATCH_SIZE).await?;
        for (link_key, link) in &batch {
            each(link_key, link)?;
        }
        match batch.into_iter().last() {
            Some((link_key, _)) => last = Some(link_key),
            None => return Ok(()),
        }
    }
}

/// A link as a line of JSON.
#[derive(Serialize)]
pub(super) struct LinkJson<'a> {
    id: &'a str,
    client: Option<&'a str>,
    #[serde(flatten)]
    link: &'a Link,
}

impl<'a> LinkJson<'a> {
    /// The line for `link`.
    pub(super) fn of(link_key: &'a LinkKey, link: &'a Link) -> Self {
        Self {
            id: link_key.subject.as_str(),
            client: link_key.client.as_deref(),
            link,
        }
    }
}
