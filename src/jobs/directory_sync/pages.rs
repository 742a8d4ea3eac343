//! One way through the list, page by page.
//!
//! The outside system may give less than a page's worth, name somebody twice, lose its place while
//! people come and go, or begin again at the end. A reading says what it met; what that is worth is
//! decided in [`crate::directory::removal_guard`].

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable as _};
use panda_oidc_sdk::{Directory, Identity, LoginError, Page};

use crate::directory::Reading;
use crate::store::StoreError;

/// The sizes of a page that are tried after the one that is configured.
const SMALLER_PAGE_SIZES: [u32; 3] = [100, 25, 10];

/// More entries than any utility has people: a list that never ends has an end here.
const MAX_ENTRIES: u64 = 20_000_000;

/// Hears how far a reading is: entries so far, and how many there are.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Send + Sync);

/// Takes the pages of a reading in.
#[async_trait]
pub(super) trait Sink: Send {
    /// Takes the people of a page; says how many of them this reading had not met.
    async fn take(&mut self, people: Vec<Identity>) -> Result<u64, ReadError>;
}

/// Why a list was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// The outside system did not give it.
    #[error(transparent)]
    Directory(#[from] LoginError),
    /// It never ends.
    #[error("the list has no end; after {MAX_ENTRIES} entries it was left")]
    Endless,
    /// Another process has the lease by now.
    #[error("another process reads the list")]
    Elsewhere,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads the list once, in pages of at most `size`.
///
/// # Errors
///
/// [`ReadError`] when a page does not come, after two more tries.
pub(super) async fn read(
    directory: &dyn Directory,
    size: u32,
    prints: &RandomState,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Reading, ReadError> {
    let mut reading = Reading::default();
    let (mut page, mut size) = first(directory, size).await?;
    reading.said = page.count;
    let mut number = 1;
    loop {
        let entries = entries(&page);
        if entries == 0 {
            return Ok(reading);
        }
        reading.moved |= page.count != reading.said;
        reading.said = page.count;
        let prints = page
            .people
            .iter()
            .map(|one| prints.hash_one(one.subject.as_str()));
        let print = prints.fold(0_u64, u64::wrapping_add);
        let (people, unusable) = (page.people.len() as u64, page.unusable as u64);
        let new = sink.take(page.people).await?;
        if new == 0 {
            // It shows its last page, or its first, to whoever asks for one more; or it has lost its
            // place, and lacks what it said it has.
            return Ok(reading);
        }
        reading.listed += new;
        reading.found += entries;
        reading.unusable += unusable;
        reading.moved |= new < people;
        reading.print = reading.print.wrapping_add(print);
        progress(reading.found, reading.said);
        if reading.found > MAX_ENTRIES {
            return Err(ReadError::Endless);
        }
        // A system that caps its pages may still count their numbers by the size it was asked for.
        if number == 1 && entries < u64::from(size) && entries < reading.said {
            size = u32::try_from(entries).unwrap_or(size);
        }
        number += 1;
        page = patiently(directory, number, size).await?;
    }
}

fn entries(page: &Page) -> u64 {
    (page.people.len() + page.unusable) as u64
}

/// The first page, and the size it came in: a system may refuse, or fail at, pages as long as
/// configured.
async fn first(directory: &dyn Directory, size: u32) -> Result<(Page, u32), LoginError> {
    let mut failed = match patiently(directory, 1, size).await {
        Ok(page) => return Ok((page, size)),
        Err(error) => error,
    };
    for smaller in SMALLER_PAGE_SIZES
        .into_iter()
        .filter(|smaller| *smaller < size)
    {
        match directory.page(1, smaller).await {
            Ok(page) => {
                tracing::info!(
                    "The directory gives pages of {smaller}, not of {size}; set directory.page_size = {smaller}"
                );
                return Ok((page, smaller));
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Asks for a page, and twice more if nothing comes.
async fn patiently(directory: &dyn Directory, number: u32, size: u32) -> Result<Page, LoginError> {
    let patience = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_times(2)
        .with_jitter();
    (|| directory.page(number, size))
        .retry(patience)
        .when(|error| matches!(error, LoginError::Unreachable(_)))
        .await
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use panda_oidc_sdk::Subject;
    use proptest::prelude::*;

    use crate::jobs::directory_sync::pages::*;

    /// A list that gives at most `cap` people a page, and counts pages by that or by what was asked for.
    struct Listed {
        ids: Vec<u16>,
        cap: usize,
        by_cap: bool,
    }

    #[async_trait]
    impl Directory for Listed {
        async fn page(&self, number: u32, size: u32) -> Result<Page, LoginError> {
            let size = size as usize;
            let step = if self.by_cap {
                size.min(self.cap)
            } else {
                size
            };
            let from = (number as usize - 1) * step;
            let to = (from + size.min(self.cap)).min(self.ids.len());
            let page = self.ids.get(from..to).unwrap_or_default().iter();
            Ok(Page {
                count: self.ids.len() as u64,
                people: page.map(|id| identity(*id)).collect(),
                unusable: 0,
            })
        }
    }

    fn identity(id: u16) -> Identity {
        Identity {
            subject: Subject::new(id.to_string()).unwrap(),
            name: None,
            phone: None,
        }
    }

    #[derive(Default)]
    struct Met(HashSet<Subject>);

    #[async_trait]
    impl Sink for Met {
        async fn take(&mut self, people: Vec<Identity>) -> Result<u64, ReadError> {
            let before = self.0.len();
            self.0.extend(people.into_iter().map(|one| one.subject));
            Ok((self.0.len() - before) as u64)
        }
    }

    fn reading(list: &Listed, size: u32) -> (Reading, usize) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let mut met = Met::default();
        let prints = RandomState::new();
        let read = read(list, size, &prints, &mut met, &|_, _| ());
        (runtime.block_on(read).unwrap(), met.0.len())
    }

    proptest! {
        #[test]
        fn everybody_is_met_whatever_the_pages_are(
            ids in prop::collection::hash_set(any::<u16>(), 0..400),
            size in 1_u32..120, cap in 1_usize..120, by_cap: bool,
        ) {
            let people = ids.len() as u64;
            let list = Listed { ids: ids.into_iter().collect(), cap, by_cap };
            let (reading, met) = reading(&list, size);
            prop_assert_eq!(met as u64, people);
            prop_assert_eq!((reading.listed, reading.found, reading.said, reading.moved), (people, people, people, false));
        }

        #[test]
        fn somebody_who_is_there_twice_is_noticed(
            mut ids in prop::collection::vec(0_u16..50, 2..100), size in 1_u32..60,
        ) {
            ids.push(ids[0]);
            let list = Listed { cap: ids.len(), ids, by_cap: true };
            let (reading, _) = reading(&list, size);
            prop_assert!(reading.moved || reading.found != reading.said);
        }
    }
}
