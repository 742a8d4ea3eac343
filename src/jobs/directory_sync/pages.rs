//! Reads the directory once, page by page.
//!
//! The outside system may return short pages, list a person twice, skip entries while people come
//! and go, or start over after the last page. A [`Reading`] records what was seen;
//! [`crate::directory::check`] decides whether it can be trusted.

use std::error::Error;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable as _};
use panda_oidc_sdk::{Directory, Identity, LoginError, Page};

use crate::directory::Reading;
use crate::error_chain::explain;
use crate::store::StoreError;

/// The page sizes to try after the configured one has failed.
const SMALLER_PAGE_SIZES: [u32; 3] = [100, 25, 10];

/// Called with the progress of a reading: entries read so far, and the total that the directory
/// reports.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Send + Sync);

/// Receives the pages of a reading.
#[async_trait]
pub(super) trait Sink: Send {
    /// Receives the people of a page. Returns how many of them are new to this reading.
    async fn take(&mut self, people: Vec<Identity>) -> Result<u64, ReadError>;
}

/// How much of a list is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListLimits {
    /// How many entries a page has at most.
    pub(super) page_size: u32,
    /// How many entries the list has at most, so that a list without an end cannot go on forever.
    pub(super) max_people: u64,
}

/// Why a page could not be had.
type Cause = Box<dyn Error + Send + Sync>;

/// Why the directory could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// The outside system refused a page.
    #[error("the portal refused page {number} of the list: {reason}")]
    Refused {
        /// The number of the page.
        number: u32,
        /// The message of the outside system.
        reason: String,
    },
    /// The outside system did not return a page.
    #[error("page {number} of the list did not arrive")]
    NoPage {
        /// The number of the page.
        number: u32,
        /// Why it did not arrive.
        #[source]
        cause: Cause,
    },
    /// A page could not be understood.
    #[error("page {number} of the list could not be understood")]
    UnusablePage {
        /// The number of the page.
        number: u32,
        /// What is wrong with it.
        #[source]
        cause: Cause,
    },
    /// The list is longer than is read.
    #[error(
        "it has {entries} entries or more, and directory.max_people = {max_people} is the most that is \
         read: raise that if the portal has so many people; else its list has no end, and its maker \
         has to look at it"
    )]
    TooManyPeople {
        /// How many entries were read or announced.
        entries: u64,
        /// How many may be.
        max_people: u64,
    },
    /// Another process has taken the lease.
    #[error("another process reads the list")]
    LeaseLost,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
impl ReadError {
    /// `error` at page `number`, in words about a list: the words of a [`LoginError`] are about a ticket.
    fn at_page(number: u32, error: LoginError) -> Self {
        match error {
            LoginError::Rejected(reason) => Self::Refused { number, reason },
            LoginError::Unreachable(cause) => Self::NoPage { number, cause },
            LoginError::Unintelligible(cause) => Self::UnusablePage { number, cause },
        }
    }
}

/// Reads the list once, in pages of at most `limits.page_size` entries.
///
/// The list ends where as many entries were found as it reports. If that is also the end of a full page,
/// the next one is requested, since the count could be wrong. People on it are read like any other; an
/// error is not one: many systems fail behind the end.
///
/// # Errors
///
/// [`ReadError`] when a page before the end still cannot be read after two retries.
pub(super) async fn read(
    directory: &dyn Directory,
    limits: ListLimits,
    hasher: &RandomState,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Reading, ReadError> {
    let mut reading = Reading::default();
    let first = first_page(directory, limits.page_size).await;
    let (mut page, mut size) = first.map_err(|error| ReadError::at_page(1, error))?;
    reading.reported = page.count;
    let mut number = 1;
    loop {
        let entries = entries(&page);
        if entries == 0 {
            return Ok(reading);
        }
        limits.check(page.count.max(reading.found + entries))?;
        reading.changed_meanwhile |= page.count != reading.reported;
        reading.reported = page.count;
        let hashes = page
            .people
            .iter()
            .map(|person| hasher.hash_one(person.subject.as_str()));
        let print = hashes.fold(0_u64, u64::wrapping_add);
        let (people, unusable) = (page.people.len() as u64, page.unusable as u64);
        let new = sink.take(page.people).await?;
        if new == 0 {
            // Past the end, the system repeats its last or its first page; or it has lost entries
            // and returns fewer than it reported.
            return Ok(reading);
        }
        reading.listed += new;
        reading.found += entries;
        reading.unusable += unusable;
        reading.changed_meanwhile |= new < people;
        reading.fingerprint = reading.fingerprint.wrapping_add(print);
        progress(reading.found, reading.reported);
        // A system that caps its pages may still compute the page offset from the requested size.
        if number == 1 && entries < u64::from(size) && entries < reading.reported {
            size = u32::try_from(entries).unwrap_or(size);
        }
        let at_end = reading.found == reading.reported;
        if at_end && entries < u64::from(size) && !reading.changed_meanwhile {
            return Ok(reading);
        }
        number += 1;
        page = if at_end {
            match directory.page(number, size).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::debug!("Behind its end, the list says: {}", explain(&error));
                    return Ok(reading);
                }
            }
        } else {
            let next = page_with_retries(directory, number, size).await;
            next.map_err(|error| ReadError::at_page(number, error))?
        };
    }
}

impl ListLimits {
    /// Refuses a list that has or announces more than the allowed number of `entries`.
    fn check(self, entries: u64) -> Result<(), ReadError> {
        if entries <= self.max_people {
            return Ok(());
        }
        Err(ReadError::TooManyPeople {
            entries,
            max_people: self.max_people,
        })
    }
}

fn entries(page: &Page) -> u64 {
    (page.people.len() + page.unusable) as u64
}

/// Reads the first page, and returns it with its page size: a system may refuse, or fail at, pages
/// of the configured size.
async fn first_page(directory: &dyn Directory, size: u32) -> Result<(Page, u32), LoginError> {
    let mut last_error = match page_with_retries(directory, 1, size).await {
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
            Err(error) => last_error = error,
        }
    }
    Err(last_error)
}

/// Reads a page, with two retries if the system is unreachable.
async fn page_with_retries(
    directory: &dyn Directory,
    number: u32,
    size: u32,
) -> Result<Page, LoginError> {
    let backoff = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_times(2)
        .with_jitter();
    (|| directory.page(number, size))
        .retry(backoff)
        .when(|error| matches!(error, LoginError::Unreachable(_)))
        .await
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use panda_oidc_sdk::Subject;
    use proptest::prelude::*;

    use crate::jobs::directory_sync::pages::*;

    /// A directory that returns at most `cap` people a page, and computes the offset of a page from
    /// that or from the requested size.
    struct CappedDirectory {
        ids: Vec<u16>,
        cap: usize,
        by_cap: bool,
    }

    #[async_trait]
    impl Directory for CappedDirectory {
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
    struct SeenSubjects(HashSet<Subject>);

    #[async_trait]
    impl Sink for SeenSubjects {
        async fn take(&mut self, people: Vec<Identity>) -> Result<u64, ReadError> {
            let before = self.0.len();
            self.0
                .extend(people.into_iter().map(|person| person.subject));
            Ok((self.0.len() - before) as u64)
        }
    }

    fn reading(list: &CappedDirectory, size: u32) -> (Reading, usize) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let mut seen = SeenSubjects::default();
        let hasher = RandomState::new();
        let limits = ListLimits {
            page_size: size,
            max_people: 1000,
        };
        let read = read(list, limits, &hasher, &mut seen, &|_, _| ());
        (runtime.block_on(read).unwrap(), seen.0.len())
    }

    proptest! {
        #[test]
        fn everyone_is_read_whatever_the_page_sizes_are(
            ids in prop::collection::hash_set(any::<u16>(), 0..400),
            size in 1_u32..120, cap in 1_usize..120, by_cap: bool,
        ) {
            let people = ids.len() as u64;
            let list = CappedDirectory { ids: ids.into_iter().collect(), cap, by_cap };
            let (reading, seen) = reading(&list, size);
            prop_assert_eq!(seen as u64, people);
            prop_assert_eq!((reading.listed, reading.found, reading.reported, reading.changed_meanwhile), (people, people, people, false));
        }

        #[test]
        fn a_person_listed_twice_is_noticed(
            mut ids in prop::collection::vec(0_u16..50, 2..100), size in 1_u32..60,
        ) {
            ids.push(ids[0]);
            let list = CappedDirectory { cap: ids.len(), ids, by_cap: true };
            let (reading, _) = reading(&list, size);
            prop_assert!(reading.changed_meanwhile || reading.found != reading.reported);
        }
    }
}
