//! The changes of a reading, staged in the store until the reading is accepted.

use std::hash::RandomState;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use panda_oidc_sdk::Identity;

use super::error::SyncError;
use super::lease::Lease;
use super::pages::{ReadError, Sink};
use crate::directory::{Change, KnownUsers, Presence, Seen};
use crate::store::{PeopleBatches, StoreError};

/// The time between two renewals of the lease while the list is read.
const LEASE_RENEWAL_INTERVAL: TimeDelta = TimeDelta::seconds(5);

/// How many staged changes one transaction discards or applies. At this size, a concurrent login
/// waits a few milliseconds at most.
pub(super) const BATCH_SIZE: u32 = 1000;

/// Discards what is staged and not accepted.
pub(super) async fn discard(lease: &Lease<'_>) -> Result<(), SyncError> {
    loop {
        match lease.app.store.discard(lease.renewed(), BATCH_SIZE).await? {
            None => return Err(SyncError::LeaseHeld),
            Some(0) => return Ok(()),
            Some(_) => {}
        }
    }
}

/// Compares the pages of a reading with the known users, and stages the differences.
pub(super) struct Pages<'a> {
    lease: &'a Lease<'a>,
    pub(super) known_users: KnownUsers<RandomState>,
    /// How many users are new, changed or listed again.
    pub(super) changed: u64,
    renewed_at: DateTime<Utc>,
}

impl<'a> Pages<'a> {
    /// Loads the known users.
    pub(super) async fn load(lease: &'a Lease<'a>) -> Result<Self, StoreError> {
        Ok(Self {
            lease,
            known_users: known_users(lease).await?,
            changed: 0,
            renewed_at: lease.now(),
        })
    }

    /// Begins a new reading.
    pub(super) fn begin(&mut self) {
        self.known_users.begin_reading();
        self.changed = 0;
    }

    /// Stages the users who are missing: as absent at first, as having left the second time. Returns
    /// how many of each there are.
    pub(super) async fn stage_missing(&self) -> Result<(u64, u64), SyncError> {
        let store = &self.lease.app.store;
        let (mut absent, mut left) = (0, 0);
        let mut everybody = PeopleBatches::of(store.as_ref());
        while absent + left < self.known_users.missing() {
            let people = everybody.next().await?;
            if people.is_empty() {
                break;
            }
            let missing = people
                .into_iter()
                .filter(|person| self.known_users.is_missing(person.user.subject()));
            let changes: Vec<_> = missing
                .map(|person| {
                    let subject = person.user.identity.subject;
                    if matches!(person.presence, Presence::Absent(_)) {
                        left += 1;
                        Change::Left(subject)
                    } else {
                        absent += 1;
                        Change::Absent(subject)
                    }
                })
                .collect();
            if !changes.is_empty() && !store.stage(self.lease.renewed(), changes).await? {
                return Err(SyncError::LeaseHeld);
            }
        }
        Ok((absent, left))
    }
}

async fn known_users(lease: &Lease<'_>) -> Result<KnownUsers<RandomState>, StoreError> {
    let kept = &lease.app.directory.keep;
    let mut known_users = KnownUsers::new([RandomState::new(), RandomState::new()]);
    let mut everybody = PeopleBatches::of(lease.app.store.as_ref());
    loop {
        let people = everybody.next().await?;
        if people.is_empty() {
            break;
        }
        for person in &people {
            let is_kept = kept.iter().any(|id| id == person.user.subject().as_str());
            known_users.add(person, person.presence.may_sign_in() && !is_kept);
        }
    }
    known_users.finish_loading();
    Ok(known_users)
}

#[async_trait]
impl Sink for Pages<'_> {
    async fn take(&mut self, people: Vec<Identity>) -> Result<u64, ReadError> {
        let mut new = 0;
        let mut changes = Vec::new();
        for identity in people {
            let seen = self.known_users.record(&identity);
            new += u64::from(seen != Seen::Repeated);
            if seen == Seen::Changed {
                changes.push(Change::Listed(identity));
            }
        }
        self.changed += changes.len() as u64;
        let (lease, now) = (self.lease, self.lease.now());
        let lease_held = if !changes.is_empty() {
            lease.app.store.stage(lease.renewed(), changes).await?
        } else if now - self.renewed_at >= LEASE_RENEWAL_INTERVAL {
            lease.take().await?
        } else {
            return Ok(new);
        };
        self.renewed_at = now;
        if lease_held {
            Ok(new)
        } else {
            Err(ReadError::LeaseLost)
        }
    }
}
