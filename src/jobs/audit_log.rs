//! Writes what waits to the audit log, and seals its records in blocks.

use std::time::Duration;

use chrono::TimeDelta;

use crate::app::App;
use crate::app::live::LiveApp;
use crate::audit::Sealable;
use crate::error_chain::explain;
use crate::service::audit;
use crate::store::StoreError;

/// The time between two rounds.
const INTERVAL: Duration = Duration::from_secs(2);

/// The most records of a block.
const BLOCK_SIZE: u32 = 500;

/// How often the log of the process names the last block: after this many rounds, which take a day.
const ROUNDS_PER_DAY: u32 = 24 * 60 * 60 / 2;

/// Does rounds until `stop`, and a last one then.
pub async fn run(live: LiveApp, stop: impl Future<Output = ()>) {
    let mut stop = std::pin::pin!(stop);
    let mut rounds = 0;
    loop {
        let stopped = tokio::select! {
            () = &mut stop => true,
            () = tokio::time::sleep(INTERVAL) => false,
        };
        let app = live.current();
        if let Err(error) = round(&app).await {
            tracing::error!("The audit log cannot be written: {}", explain(&error));
        }
        if (stopped || rounds % ROUNDS_PER_DAY == 0)
            && let Ok(Some(head)) = app.store.last_block().await
        {
            tracing::info!(
                "The audit log ends with block {}, {}",
                head.number,
                head.hash.to_text()
            );
        }
        if stopped {
            return;
        }
        rounds = (rounds + 1) % ROUNDS_PER_DAY;
    }
}

/// Writes what waits, and seals what is not sealed.
///
/// # Errors
///
/// When the store fails. What waits then waits on.
pub async fn round(app: &App) -> Result<(), StoreError> {
    let waiting = app.audit.take_waiting(app.host.clock.now());
    if let Err(error) = audit::append(app, waiting.clone()).await {
        app.audit.wait(waiting);
        return Err(error);
    }
    loop {
        let records = app.store.unsealed_records(BLOCK_SIZE).await?;
        let Some(sealable) = Sealable::new(&records) else {
            return Ok(());
        };
        let previous = app.store.last_block().await?;
        let now = app.host.clock.now();
        let block = sealable.seal(previous.as_ref(), &app.audit.key, now);
        // Where another process was faster, the next round does the rest.
        if !app.store.seal(block).await? {
            return Ok(());
        }
    }
}

/// Removes the blocks whose retention time is over.
pub(super) async fn prune(app: &App) {
    let retention = TimeDelta::from_std(app.audit_retention).unwrap_or(TimeDelta::MAX);
    let before = app.removal_time.now().checked_sub_signed(retention);
    let Some(before) = before else {
        return;
    };
    loop {
        match app.store.prune_block(before).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                let error = explain(&error);
                tracing::error!("Old records of the audit log could not be removed: {error}");
                return;
            }
        }
    }
}
