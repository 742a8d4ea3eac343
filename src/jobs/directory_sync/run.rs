//! One reading: what it finds is put down, judged, accepted and carried out.

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
use crate::store::{DirectoryLease, Everybody, StoreError};

/// How long a process that says nothing keeps the lease.
const LEASE_DURATION: TimeDelta = TimeDelta::seconds(60);

/// How often it is renewed while a list is read.
const LEASE_RENEWAL_INTERVAL: TimeDelta = TimeDelta::seconds(15);

/// How many changes are thrown away or carried out at once: a login beside it waits a few milliseconds
/// at the worst.
const BATCH_SIZE: u32 = 1000;

/// How many leavers are forgotten at once.
const LEAVERS_BATCH_SIZE: u32 = 50;

/// How often a list is read again that changed while it was read.
const MAX_READINGS: u32 = 3;

/// What an operator may ask for beyond a reading.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyncOptions {
    /// Whoever is missing is gone, however many they are and whatever is doubtful about the list.
    pub accept_removals: bool,
    /// Whoever is missing is looked for in a second reading at once.
    pub confirm: bool,
}

/// Why there was no reading.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The identity provider has no list.
    #[error("this identity provider has no list of people")]
    NoDirectory,
    /// Somebody else is at it.
    #[error("another process reads the list at the moment; try again when it is done")]
    Elsewhere,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who has the lease, and reads.
pub(super) struct SyncRun<'a> {
    pub app: &'a Arc<App>,
    pub holder: Handle,
    progress: Progress<'a>,
}

impl<'a> SyncRun<'a> {
    /// Whoever has the lease under the name `holder`.
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

    /// Carries out what an earlier reading decided, and forgets whose time is over.
    pub(super) async fn settle(&self) -> Result<(), SyncError> {
        self.carry_out().await?;
        self.forget_leavers().await
    }

    /// The same, then reads.
    pub(super) async fn sync(&self, asked: SyncOptions) -> Result<Report, SyncError> {
        self.settle().await?;
        let mut report = self.once(asked).await?;
        let absent = matches!(report.outcome, Outcome::Complete { absent: 1.., .. });
        if absent && (asked.confirm || asked.accept_removals) {
            report = self.once(asked).await?;
        }
        Ok(report)
    }

    /// One reading, and what comes of it.
    async fn once(&self, asked: SyncOptions) -> Result<Report, SyncError> {
        self.discard().await?;
        let before = self.app.store.report().await?;
        let outcome = match self.read(asked).await {
            Ok(outcome) => outcome,
            Err(Cut::Read(error)) => Outcome::Failed {
                why: explain(&error),
            },
            Err(Cut::Sync(error)) => return Err(error),
        };
        let now = self.now();
        let report = Report::after(before, outcome, now);
        self.app.store.note(&report).await?;
        tell_operator(&report);
        Ok(report)
    }

    async fn read(&self, asked: SyncOptions) -> Result<Outcome, Cut> {
        let mut pages = Pages {
            reader: self,
            roster: self.roster().await?,
            changed: 0,
            renewed_at: self.now(),
        };
        let reading = self.settled(&mut pages).await?;
        let Pages {
            roster, changed, ..
        } = pages;
        let missing = roster.missing();
        let judged = check(
            &reading,
            missing,
            roster.counted(),
            self.app.directory.max_removal,
        );
        let doubt = judged.err().filter(|_| !asked.accept_removals);
        let listed = reading.listed;
        if let Some(doubt) = doubt {
            // A list that is wrong about who is gone is not believed about who is back either.
            self.discard().await?;
            return Ok(Outcome::Braked {
                listed,
                missing,
                doubt,
            });
        }
        let (absent, left) = self.stage_missing(&roster).await?;
        if !self.app.store.accept(self.lease(), self.now()).await? {
            return Err(SyncError::Elsewhere.into());
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

    /// Reads the list until it holds still: until nothing in it moved, or it has the very same entries
    /// a second time, so that somebody really is there twice.
    async fn settled(&self, pages: &mut Pages<'_, '_>) -> Result<Reading, Cut> {
        let directory = self
            .app
            .provider
            .directory()
            .ok_or(SyncError::NoDirectory)?;
        let prints = RandomState::new();
        let size = self.app.directory.page_size;
        let mut before: Option<Reading> = None;
        let mut attempt = 0;
        loop {
            attempt += 1;
            pages.begin();
            let mut reading = read(directory, size, &prints, pages, self.progress).await?;
            let settled = !reading.moved || before.as_ref() == Some(&reading);
            if settled || attempt == MAX_READINGS {
                reading.moved = !settled;
                return Ok(reading);
            }
            self.discard().await?;
            before = Some(reading);
        }
    }

    async fn roster(&self) -> Result<KnownUsers<RandomState>, StoreError> {
        let kept = &self.app.directory.keep;
        let mut roster = KnownUsers::new([RandomState::new(), RandomState::new()]);
        let mut everybody = Everybody::of(self.app.store.as_ref());
        loop {
            let people = everybody.next().await?;
            if people.is_empty() {
                break;
            }
            for person in &people {
                let is_kept = kept.iter().any(|id| id == person.user.subject().as_str());
                roster.add(person, person.presence.may_sign_in() && !is_kept);
            }
        }
        roster.ready();
        Ok(roster)
    }

    /// Puts down who is missing: absent at first, gone the second time.
    async fn stage_missing(
        &self,
        roster: &KnownUsers<RandomState>,
    ) -> Result<(u64, u64), SyncError> {
        let (mut absent, mut left) = (0, 0);
        let mut everybody = Everybody::of(self.app.store.as_ref());
        while absent + left < roster.missing() {
            let people = everybody.next().await?;
            if people.is_empty() {
                break;
            }
            let missing = people
                .into_iter()
                .filter(|person| roster.misses(person.user.subject()));
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
                return Err(SyncError::Elsewhere);
            }
        }
        Ok((absent, left))
    }

    async fn discard(&self) -> Result<(), SyncError> {
        loop {
            match self.app.store.discard(self.lease(), BATCH_SIZE).await? {
                None => return Err(SyncError::Elsewhere),
                Some(0) => return Ok(()),
                Some(_) => {}
            }
        }
    }

    async fn carry_out(&self) -> Result<(), SyncError> {
        loop {
            let farewell = self.app.logout_notifier.notice(None, self.now());
            let done = self
                .app
                .store
                .carry_out(self.lease(), BATCH_SIZE, &farewell)
                .await?;
            let done = done.ok_or(SyncError::Elsewhere)?;
            for session in &done.ended {
                tracing::info!(subject = %session.subject, sid = %session.sid, "Signed {} out: the directory does not list them any more", session.subject);
            }
            backchannel_logout::notify_clients(self.app, &done.ended).await;
            if done.changes == 0 {
                return Ok(());
            }
        }
    }

    async fn forget_leavers(&self) -> Result<(), SyncError> {
        let kept = TimeDelta::from_std(self.app.directory.retention).unwrap_or(TimeDelta::MAX);
        let Some(before) = self.now().checked_sub_signed(kept) else {
            return Ok(());
        };
        loop {
            let now = self.now();
            let some = self
                .app
                .store
                .forget_leavers(before, LEAVERS_BATCH_SIZE, now)
                .await?;
            if some == 0 {
                return Ok(());
            }
            tracing::info!("Forgot {some} people who left before {before}");
        }
    }
}

/// Takes the pages of a reading in: compares, and puts down what is different.
struct Pages<'a, 'r> {
    reader: &'a SyncRun<'r>,
    roster: KnownUsers<RandomState>,
    changed: u64,
    renewed_at: DateTime<Utc>,
}

impl Pages<'_, '_> {
    fn begin(&mut self) {
        self.roster.begin();
        self.changed = 0;
    }
}

#[async_trait]
impl Sink for Pages<'_, '_> {
    async fn take(&mut self, people: Vec<Identity>) -> Result<u64, ReadError> {
        let mut new = 0;
        let mut changes = Vec::new();
        for identity in people {
            let met = self.roster.meet(&identity);
            new += u64::from(met != Seen::Repeated);
            if met == Seen::Changed {
                changes.push(Change::Listed(identity));
            }
        }
        self.changed += changes.len() as u64;
        let (store, now) = (&self.reader.app.store, self.reader.now());
        let held = if !changes.is_empty() {
            store.stage(self.reader.lease(), changes).await?
        } else if now - self.renewed_at >= LEASE_RENEWAL_INTERVAL {
            store.lease_directory(self.reader.lease(), now).await?
        } else {
            return Ok(new);
        };
        self.renewed_at = now;
        if held {
            Ok(new)
        } else {
            Err(ReadError::Elsewhere)
        }
    }
}

/// Why a reading was cut short.
enum Cut {
    Read(ReadError),
    Sync(SyncError),
}

impl From<ReadError> for Cut {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(error) => Self::Sync(error.into()),
            ReadError::Elsewhere => Self::Sync(SyncError::Elsewhere),
            error @ (ReadError::Directory(_) | ReadError::Endless) => Self::Read(error),
        }
    }
}

impl From<SyncError> for Cut {
    fn from(error: SyncError) -> Self {
        Self::Sync(error)
    }
}

impl From<StoreError> for Cut {
    fn from(error: StoreError) -> Self {
        Self::Sync(error.into())
    }
}

fn tell_operator(report: &Report) {
    match &report.outcome {
        outcome @ Outcome::Complete { .. } => tracing::info!("Read the directory: {outcome}"),
        outcome @ Outcome::Braked {
            doubt: Anomaly::Unstable,
            ..
        } => {
            tracing::warn!("Read the directory: {outcome}");
        }
        outcome @ Outcome::Braked { .. } => tracing::error!("Read the directory: {outcome}"),
        outcome @ Outcome::Failed { .. } => tracing::warn!(
            "Read the directory: {outcome}; whoever is signed in stays so, and leavers stay out"
        ),
    }
}
