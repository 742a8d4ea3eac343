//! Going through all links, and how one is told.

use panda_oidc::links::Place;
use panda_oidc::people::Link;
use panda_oidc::store::SqliteStore;
use serde::Serialize;

use super::failure::Failure;

/// The links are read from the store so many at a time.
const BATCH_SIZE: u32 = 1000;

/// Calls `each` with every link, in the order of their ids, without holding all at once.
pub(super) async fn all(
    store: &SqliteStore,
    mut each: impl FnMut(&Place, &Link) -> Result<(), Failure>,
) -> Result<(), Failure> {
    use panda_oidc::store::Links as _;
    let mut last: Option<Place> = None;
    loop {
        let part = store.links_after(last.as_ref(), BATCH_SIZE).await?;
        for (place, link) in &part {
            each(place, link)?;
        }
        match part.into_iter().last() {
            Some((place, _)) => last = Some(place),
            None => return Ok(()),
        }
    }
}

/// A link as a line of JSON.
#[derive(Serialize)]
pub(super) struct Told<'a> {
    id: &'a str,
    client: Option<&'a str>,
    #[serde(flatten)]
    link: &'a Link,
}

impl<'a> Told<'a> {
    /// The line for `link`.
    pub(super) fn of(place: &'a Place, link: &'a Link) -> Self {
        Self {
            id: place.subject.as_str(),
            client: place.client.as_deref(),
            link,
        }
    }
}
