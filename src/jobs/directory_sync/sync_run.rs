//! One synchronization run: stages what it reads, checks it, accepts it and applies it.

use std::hash::RandomState;
use std::sync::Arc;

use chrono::TimeDelta;

use super::error::SyncError;
use super::lease::Lease;
use super::pages::{ListLimits, Progress, ReadError, read};
use super::staging::{BATCH_SIZE, Pages, discard};
use crate::app::App;
use crate::audit::SignOutCause;
use crate::directory::{Anomaly, Outcome, Reading, Report, check};
use crate::error_chain::explain;
use crate::service::audit::{self, About};
use crate::service::backchannel_logout;
use crate::store::StoreError;

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

/// Runs under the directory lease.
pub(super) struct SyncRun<'a> {
    pub(super) lease: Lease<'a>,
    progress: Progress<'a>,
}

impl<'a> SyncRun<'a> {
    /// Runs for a new holder of the lease.
    pub(super) fn new(app: &'a Arc<App>, progress: Progress<'a>) -> Self {
        Self {
            lease: Lease::new(app),
            progress,
        }
    }

    fn app(&self) -> &'a Arc<App> {
        self.lease.app
    }

    /// Applies the changes that an earlier run accepted, and forgets leavers whose retention is
    /// over.
    pub(super) async fn finish_earlier_run(&self) -> Result<(), SyncError> {
        self.apply_accepted().await?;
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
        discard(&self.lease).await?;
        let before = self.app().store.report().await?;
        let outcome = match self.read(options).await {
            Ok(outcome) => outcome,
            Err(ReadingStopped::Read(error)) => Outcome::Failed {
                why: explain(&error),
            },
            Err(ReadingStopped::Sync(error)) => return Err(error),
        };
        let now = self.lease.now();
        let report = Report::after(before, outcome, now);
        self.app().store.save_report(&report).await?;
        log_report(&report);
        Ok(report)
    }

    async fn read(&self, options: SyncOptions) -> Result<Outcome, ReadingStopped> {
        let mut pages = Pages::load(&self.lease).await?;
        let reading = self.read_until_stable(&mut pages).await?;
        let missing = pages.known_users.missing();
        let checked = check(
            &reading,
            missing,
            pages.known_users.removable(),
            self.app().directory.max_removal,
        );
        let anomaly = checked.err().filter(|_| !options.accept_removals);
        let listed = reading.listed;
        if let Some(anomaly) = anomaly {
            // A list that cannot be trusted about who left cannot be trusted about who is back
            // either.
            discard(&self.lease).await?;
            return Ok(Outcome::Blocked {
                listed,
                missing,
                anomaly,
            });
        }
        let (absent, left) = pages.stage_missing().await?;
        let accepted = self
            .app()
            .store
            .accept(self.lease.renewed(), self.lease.now());
        if !accepted.await? {
            return Err(SyncError::LeaseHeld.into());
        }
        self.apply_accepted().await?;
        Ok(Outcome::Complete {
            listed,
            changed: pages.changed,
            absent,
            left,
            unusable: reading.unusable,
        })
    }

    /// Reads the list until it is stable: until a reading sees no change, or two readings in a row
    /// see the same entries. The latter means that the list really names someone twice.
    async fn read_until_stable(&self, pages: &mut Pages<'_>) -> Result<Reading, ReadingStopped> {
        let directory = self
            .app()
            .provider
            .directory()
            .ok_or(SyncError::NoDirectory)?;
        let prints = RandomState::new();
        let limits = ListLimits {
            page_size: self.app().directory.page_size,
            max_people: self.app().directory.max_people.into(),
        };
        let mut previous: Option<Reading> = None;
        let mut attempt = 0;
        loop {
            attempt += 1;
            pages.begin();
            let mut reading = read(directory, limits, &prints, pages, self.progress).await?;
            let stable = !reading.changed_meanwhile || previous.as_ref() == Some(&reading);
            if stable || attempt == MAX_READINGS {
                reading.changed_meanwhile = !stable;
                return Ok(reading);
            }
            discard(&self.lease).await?;
            previous = Some(reading);
        }
    }

    async fn apply_accepted(&self) -> Result<(), SyncError> {
        loop {
            let notice = self.app().logout_notifier.notice(None, self.lease.now());
            let applied = self
                .app()
                .store
                .apply_accepted(self.lease.renewed(), BATCH_SIZE, &notice)
                .await?;
            let applied = applied.ok_or(SyncError::LeaseHeld)?;
            for session in &applied.ended {
                tracing::info!(subject = %session.subject, sid = %session.sid, "Signed {} out: the directory does not list them any more", session.subject);
            }
            let about = About::default();
            audit::signed_out(self.app(), &applied.ended, SignOutCause::Directory, &about).await?;
            backchannel_logout::notify_clients(self.app(), &applied.ended).await;
            if applied.changes == 0 {
                return Ok(());
            }
        }
    }

    async fn forget_leavers(&self) -> Result<(), SyncError> {
        let retention =
            TimeDelta::from_std(self.app().directory.retention).unwrap_or(TimeDelta::MAX);
        let Some(before) = self.app().removal_time.now().checked_sub_signed(retention) else {
            return Ok(());
        };
        loop {
            let now = self.lease.now();
            let count = self
                .app()
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

/// Why a run was cut short.
enum ReadingStopped {
    Read(ReadError),
    Sync(SyncError),
}

impl From<ReadError> for ReadingStopped {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(error) => Self::Sync(error.into()),
            ReadError::LeaseLost => Self::Sync(SyncError::LeaseHeld),
            error @ (ReadError::Refused { .. }
            | ReadError::NoPage { .. }
            | ReadError::UnusablePage { .. }
            | ReadError::TooManyPeople { .. }) => Self::Read(error),
        }
    }
}

impl From<SyncError> for ReadingStopped {
    fn from(error: SyncError) -> Self {
        Self::Sync(error)
    }
}

impl From<StoreError> for ReadingStopped {
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
