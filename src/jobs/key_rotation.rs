//! Rotates the signing keys, and takes over what other replicas or `panda-oidc keys` have changed.
//!
//! Each replica does this for itself. The store lets one of them make the next key; all of them read it long before
//! it signs.

use std::time::Duration;

use tokio::task;

use crate::app::App;
use crate::app::live::LiveApp;
use crate::error_chain::explain;
use crate::keys::SealedKey;
use crate::keys::schedule::{READ_WITHIN, removable};
use crate::store::StoreError;

/// The time between two readings of the keys.
const READ_INTERVAL: Duration = Duration::from_secs(10);

const _: () = assert!(READ_INTERVAL.as_secs() * 3 <= READ_WITHIN.num_seconds().unsigned_abs());

/// Rotates keys until the future is dropped.
pub async fn run(app: LiveApp) {
    let (mut last_read, mut is_failing) = (Vec::new(), false);
    loop {
        tokio::time::sleep(READ_INTERVAL).await;
        let app = app.current();
        match rotate(&app).await {
            Ok(keys) => (last_read, is_failing) = (keys, false),
            Err(error) => {
                if !is_failing {
                    tracing::error!("The signing keys could not be read: {}", explain(&error));
                }
                is_failing = true;
            }
        }
        // Without the store, a key that was announced still signs from its time on.
        if !last_read.is_empty() {
            take_over(&app, &last_read);
        }
    }
}

/// Makes the keys that are due, takes over those in the store, and removes those that verify nothing any more.
///
/// # Errors
///
/// When the store fails.
///
/// # Panics
///
/// On a runtime with a single thread, when a key is due: making one blocks the thread.
pub async fn refresh(app: &App) -> Result<(), StoreError> {
    let keys = rotate(app).await?;
    take_over(app, &keys);
    Ok(())
}

/// Makes the keys that are due and removes those that have expired; returns those in the store.
async fn rotate(app: &App) -> Result<Vec<SealedKey>, StoreError> {
    let now = app.host.clock.now();
    let mut keys = app.store.keys().await?;
    for next in app.key_rotation.due(&keys, now) {
        let alg = next.alg;
        // Generating an RSA key takes some tenths of a second of computing.
        let made = task::block_in_place(|| SealedKey::generate(alg, &app.key_sealer, now));
        let key = match made {
            Ok(key) => SealedKey {
                signs_from: next.signs_from,
                ..key
            },
            Err(error) => {
                tracing::error!("The keys are not rotated: {}", explain(&error));
                continue;
            }
        };
        if app.store.insert_next(key.clone(), &next.after).await? {
            tracing::info!(
                "The next {alg} key {kid} is in the JWKS; it signs from {at}",
                alg = alg.as_str(),
                kid = key.kid,
                at = key.signs_from
            );
        }
        keys = app.store.keys().await?;
    }
    let expired = removable(&keys, app.removal_time.now());
    if !expired.is_empty() {
        app.store.remove_keys(expired.clone()).await?;
        keys.retain(|key| !expired.contains(&key.kid));
    }
    Ok(keys)
}

fn take_over(app: &App, keys: &[SealedKey]) {
    match app.keys.update(keys, &app.key_sealer, app.host.clock.now()) {
        Ok(changed) => {
            for alg in changed {
                let kid = app.keys.signing_kid(alg);
                tracing::info!("The {} key {kid} signs from now on", alg.as_str());
            }
        }
        Err(error) => tracing::error!(
            "The signing keys in the store cannot be used, those before stay: {}",
            explain(&error)
        ),
    }
}
