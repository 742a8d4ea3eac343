//! Reads all links in batches, and writes a link as JSON.

use panda_oidc::links::LinkKey;
use panda_oidc::people::Link;
use panda_oidc::store::Store;
use serde::Serialize;

use super::failure::Failure;
use crate::cli::in_id_order::InIdOrder;

/// How many links are read from the store at once.
const BATCH_SIZE: u32 = 1000;

/// Calls `each` with every link, in the order of the store, without holding all links in memory.
pub(super) async fn for_each_link(
    store: &dyn Store,
    mut each: impl FnMut(&LinkKey, &Link) -> Result<(), Failure>,
) -> Result<(), Failure> {
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

/// Calls `each` with every link, in the order in which people read ids.
pub(super) async fn for_each_in_order(
    store: &dyn Store,
    mut each: impl FnMut(&LinkKey, &Link) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut ordered = InIdOrder::new();
    for_each_link(store, |link_key, link| {
        for (link_key, link) in ordered.add((link_key.clone(), link.clone())) {
            each(&link_key, &link)?;
        }
        Ok(())
    })
    .await?;
    for (link_key, link) in ordered.finish(|(link_key, _)| link_key.subject.as_str()) {
        each(&link_key, &link)?;
    }
    Ok(())
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
