//! What writing the audit log takes: its key, and the entries that wait to be written.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::audit::{Entry, Event};
use crate::crypto::AuditKey;

/// How many refusals are recorded in a second, in the long run. A flood of them must not fill the disk.
const REFUSALS_PER_SECOND: NonZeroU32 = NonZeroU32::new(2).unwrap();

/// How many refusals are recorded at once after a calm time.
const MAX_BURST: NonZeroU32 = NonZeroU32::new(600).unwrap();

/// The most entries that wait, such as while the store fails.
const MAX_WAITING: usize = 10_000;

/// The audit log as a process writes it.
pub struct AuditTrail {
    /// Authenticates blocks.
    pub key: AuditKey,
    bucket: DefaultDirectRateLimiter,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    entries: Vec<Entry>,
    omitted: u64,
}

impl AuditTrail {
    pub(super) fn new(key: AuditKey) -> Self {
        let quota = Quota::per_second(REFUSALS_PER_SECOND).allow_burst(MAX_BURST);
        Self {
            key,
            bucket: RateLimiter::direct(quota),
            waiting: Mutex::default(),
        }
    }

    /// Keeps a refusal until it is written, or counts it if there are too many.
    pub fn refuse(&self, entry: Entry) {
        if self.bucket.check().is_ok() {
            self.wait([entry]);
        } else {
            self.lock().omitted += 1;
        }
    }

    /// Keeps entries until they are written. Those beyond the most that wait are counted.
    pub fn wait(&self, entries: impl IntoIterator<Item = Entry>) {
        let mut waiting = self.lock();
        for entry in entries {
            if waiting.entries.len() < MAX_WAITING {
                waiting.entries.push(entry);
            } else {
                waiting.omitted += 1;
            }
        }
    }

    /// Takes the entries that wait, and at the end the number of those that were left out.
    pub fn take_waiting(&self, now: DateTime<Utc>) -> Vec<Entry> {
        let Waiting {
            mut entries,
            omitted,
        } = std::mem::take(&mut *self.lock());
        if omitted > 0 {
            entries.push(Entry {
                at: now,
                person: None,
                client_id: None,
                address: None,
                event: Event::RecordsOmitted { count: omitted },
            });
        }
        entries
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for AuditTrail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditTrail").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::MasterKey;

    #[test]
    fn a_flood_of_refusals_is_bounded_and_counted() {
        let key = MasterKey::random(&mut rand::rng()).audit_key();
        let trail = AuditTrail::new(key);
        for _ in 0..10_000 {
            trail.refuse(Entry {
                at: DateTime::UNIX_EPOCH,
                person: None,
                client_id: None,
                address: None,
                event: Event::CodeReplayed,
            });
        }
        let mut taken = trail.take_waiting(DateTime::UNIX_EPOCH);
        let Some(Event::RecordsOmitted { count }) = taken.pop().map(|entry| entry.event) else {
            panic!("the last one says how many were left out");
        };
        assert_eq!(taken.len() as u64 + count, 10_000);
        // The test may last some seconds.
        assert!((600..700).contains(&taken.len()), "{}", taken.len());
        assert!(trail.take_waiting(DateTime::UNIX_EPOCH).is_empty());
        trail.wait(taken.iter().cycle().take(MAX_WAITING + 3).cloned());
        let waited = trail.take_waiting(DateTime::UNIX_EPOCH);
        assert_eq!(waited.len(), MAX_WAITING + 1);
        let left_out = waited.last().map(|entry| &entry.event);
        assert_eq!(left_out, Some(&Event::RecordsOmitted { count: 3 }));
    }
}
