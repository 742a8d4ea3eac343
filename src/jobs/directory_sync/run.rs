//! One synchronization run: stages what it reads, checks it, accepts it and applies it.

use std::hash::RandomState;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use panda_oidc_sdk::Identity;

use super::pages::{Progress, ReadError, Sink, read};
use crate::app::App;
use crate::crypto::handle::Handle;
use crate::crypto::identifiers::LeaseHolder;
use crate::directory::{
    Anomaly, Change, KnownUsers, Outcome, Presence, Reading, Report, Seen, check,
};
use crate::error_chain::explain;
use crate::service::backchannel_logout;
use crate::store::{DirectoryLease, PeopleBatches, StoreError};

/// How long the lease lasts without a renewal.
const LEASE_DURATION: TimeDelta = TimeDelta::seconds(60);

/// The time between two renewals while the list is read.
const LEASE_RENEWAL_INTERVAL: TimeDelta = TimeDelta::seconds(15);

/// How many staged changes one transaction discards or applies. At this size, a concurrent login
/// waits a few milliseconds at most.
const BATCH_SIZE: u32 = 1000;

/// How many leavers one transaction forgets.
const LEAVERS_BATCH_SIZE: u32 = 50;

/// The most readings of a list that changes while it is read.
const MAX_READINGS: u32 = 3;

/// What an operator can request beyond a plain run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyncOptions {
    /// Count everyone who is missing as having left, regardless of the removal guard.
    pub accept_removals: bool,
    /// Read the list a second time at once if people are missing.
    pub confirm: bool,
}

/// Why a run did not take place.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The identity provider has no directory.
    #[error("this identity provider has no list of people")]
    NoDirectory,
    /// Another process holds the lease.
    #[error("another process reads the list at the moment; try again when it is done")]
    LeaseHeld,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs under the directory lease.
pub(super) struct SyncRun<'a> {
    pub app: &'a Arc<App>,
    pub holder: Handle,
    progress: Progress<'a>,
}

impl<'a> SyncRun<'a> {
    /// Runs under the lease that `holder` holds.
    pub(super) fn new(app: &'a Arc<App>, holder: Handle, progress: Progress<'a>) -> Self {
        Self {
            app,
            holder,
            progress,
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.app.host.clock.now()
    }

    pub(super) fn lease(&self) -> DirectoryLease {
        DirectoryLease {
            holder: LeaseHolder::of(&self.holder),
            until: self.now() + LEASE_DURATION,
        }
    }

    /// Applies the changes that an earlier run accepted, and forgets leavers whose retention is
    /// over.
    pub(super) async fn finish_earlier_run(&self) -> Result<(), SyncError> {
        self.carry_out().await?;
        self.forget_leavers().await
    }

    /// Finishes the earlier run, then reads the directory.
    pub(super) async fn sync(&self, options: SyncOptions) -> Result<Report, SyncError> {
        self.finish_earlier_run().await?;
        let mut report = self.run_once(options).await?;
        let absent = matches!(report.outcome, Outcome::Complete { absent: 1.., .. });
        if absent && (options.confirm || options.accept_removals) {
            report = self.run_once(options).await?;
        }
        Ok(report)
    }

    /// Reads the directory once, and records and logs the report.
    async fn run_once(&self, options: SyncOptions) -> Result<Report, SyncError> {
        self.discard().await?;
        let before = self.app.store.report().await?;
        let outcome = match self.read(options).await {
            Ok(outcome) => outcome,
            Err(Interruption::Read(error)) => Outcome::Failed {
                why: explain(&error),
            },
            Err(Interruption::Sync(error)) => return Err(error),
        };
        let now = self.now();
        let report = Report::after(before, outcome, now);
        self.app.store.save_report(&report).await?;
        log_report(&report);
        Ok(report)
    }

    async fn read(&self, options: SyncOptions) -> Result<Outcome, Interruption> {
        let mut pages = Pages {
            run: self,
            known_users: self.known_users().await?,
            changed: 0,
            renewed_at: self.now(),
        };
        let reading = self.read_until_stable(&mut pages).await?;
        let Pages {
            known_users,
            changed,
            ..
        } = pages;
        let missing = known_users.missing();
        let checked = check(
            &reading,
            missing,
            known_users.removable(),
            self.app.directory.max_removal,
        );
        let anomaly = checked.err().filter(|_| !options.accept_removals);
        let listed = reading.listed;
        if let Some(anomaly) = anomaly {
            // A list that cannot be trusted about who left cannot be trusted about who is back
            // either.
            self.discard().await?;
            return Ok(Outcome::Blocked {
                listed,
                missing,
                anomaly,
            });
        }
        let (absent, left) = self.stage_missing(&known_users).await?;
        if !self.app.store.accept(self.lease(), self.now()).await? {
            return Err(SyncError::LeaseHeld.into());
        }
        self.carry_out().await?;
        Ok(Outcome::Complete {
            listed,
            changed,
            absent,
            left,
            unusable: reading.unusable,
        })
    }

    /// Reads the list until it is stable: until a reading sees no change, or two readings in a row
    /// see the same entries. The latter means that the list really names someone twice.
    async fn read_until_stable(&self, pages: &mut Pages<'_, '_>) -> Result<Reading, Interruption> {
        let directory = self
            .app
            .provider
            .directory()
            .ok_or(SyncError::NoDirectory)?;
        let prints = RandomState::new();
        let size = self.app.directory.page_size;
        let mut previous: Option<Reading> = None;
        let mut attempt = 0;
        loop {
            attempt += 1;
            pages.begin();
            let mut reading = read(directory, size, &prints, pages, self.progress).await?;
            let stable = !reading.changed_meanwhile || previous.as_ref() == Some(&reading);
            if stable || attempt == MAX_READINGS {
                reading.changed_meanwhile = !stable;
                return Ok(reading);
            }
            self.discard().await?;
            previous = Some(reading);
        }
    }

    async fn known_users(&self) -> Result<KnownUsers<RandomState>, StoreError> {
        let kept = &self.app.directory.keep;
        let mut known_users = KnownUsers::new([RandomState::new(), RandomState::new()]);
        let mut everybody = PeopleBatches::of(self.app.store.as_ref());
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

    /// Stages the users who are missing: as absent at first, as having left the second time.
    async fn stage_missing(
        &self,
        known_users: &KnownUsers<RandomState>,
    ) -> Result<(u64, u64), SyncError> {
        let (mut absent, mut left) = (0, 0);
        let mut everybody = PeopleBatches::of(self.app.store.as_ref());
        while absent + left < known_users.missing() {
            let people = everybody.next().await?;
            if people.is_empty() {
                break;
            }
            let missing = people
                .into_iter()
                .filter(|person| known_users.is_missing(person.user.subject()));
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
            if !changes.is_empty() && !self.app.store.stage(self.lease(), changes).await? {
                return Err(SyncError::LeaseHeld);
            }
        }
        Ok((absent, left))
    }

    async fn discard(&self) -> Result<(), SyncError> {
        loop {
            match self.app.store.discard(self.lease(), BATCH_SIZE).await? {
                None => return Err(SyncError::LeaseHeld),
                Some(0) => return Ok(()),
                Some(_) => {}
            }
        }
    }

    async fn carry_out(&self) -> Result<(), SyncError> {
        loop {
            let notice = self.app.logout_notifier.notice(None, self.now());
            let applied = self
                .app
                .store
                .apply_accepted(self.lease(), BATCH_SIZE, &notice)
                .await?;
            let applied = applied.ok_or(SyncError::LeaseHeld)?;
            for session in &applied.ended {
                tracing::info!(subject = %session.subject, sid = %session.sid, "Signed {} out: the directory does not list them any more", session.subject);
            }
            backchannel_logout::notify_clients(self.app, &applied.ended).await;
            if applied.changes == 0 {
                return Ok(());
            }
        }
    }

    async fn forget_leavers(&self) -> Result<(), SyncError> {
        let retention = TimeDelta::from_std(self.app.directory.retention).unwrap_or(TimeDelta::MAX);
        let Some(before) = self.now().checked_sub_signed(retention) else {
            return Ok(());
        };
        loop {
            let now = self.now();
            let count = self
                .app
                .store
                .forget_leavers(before, LEAVERS_BATCH_SIZE, now)
                .await?;
            if count == 0 {
                return Ok(());
            }
            tracing::info!("Forgot {count} people who left before {before}");
        }
    }
}

/// Compares the pages of a reading with the known users, and stages the differences.
struct Pages<'a, 'r> {
    run: &'a SyncRun<'r>,
    known_users: KnownUsers<RandomState>,
    changed: u64,
    renewed_at: DateTime<Utc>,
}

impl Pages<'_, '_> {
    fn begin(&mut self) {
        self.known_users.begin_reading();
        self.changed = 0;
    }
}

#[async_trait]
impl Sink for Pages<'_, '_> {
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
        let (store, now) = (&self.run.app.store, self.run.now());
        let lease_held = if !changes.is_empty() {
            store.stage(self.run.lease(), changes).await?
        } else if now - self.renewed_at >= LEASE_RENEWAL_INTERVAL {
            store.lease_directory(self.run.lease(), now).await?
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

/// Why a run was cut short.
enum Interruption {
    Read(ReadError),
    Sync(SyncError),
}

impl From<ReadError> for Interruption {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(error) => Self::Sync(error.into()),
            ReadError::LeaseLost => Self::Sync(SyncError::LeaseHeld),
            error @ (ReadError::Directory(_) | ReadError::TooManyEntries) => Self::Read(error),
        }
    }
}

impl From<SyncError> for Interruption {
    fn from(error: SyncError) -> Self {
        Self::Sync(error)
    }
}

impl From<StoreError> for Interruption {
    fn from(error: StoreError) -> Self {
        Self::Sync(error.into())
    }
}

fn log_report(report: &Report) {
    match &report.outcome {
        outcome @ Outcome::Complete { .. } => tracing::info!("Read the directory: {outcome}"),
        outcome @ Outcome::Blocked {
            anomaly: Anomaly::Unstable,
            ..
        } => {
            tracing::warn!("Read the directory: {outcome}");
        }
        outcome @ Outcome::Blocked { .. } => tracing::error!("Read the directory: {outcome}"),
        outcome @ Outcome::Failed { .. } => tracing::warn!(
            "Read the directory: {outcome}; whoever is signed in stays so, and leavers stay out"
        ),
    }
}
