//! `panda-oidc serve`: runs until it receives a stop signal.

use std::path::PathBuf;
use std::sync::Arc;

use panda_oidc::app::{App, unmatched_names};
use panda_oidc::config::Config;
use panda_oidc::error_chain::explain;
use panda_oidc::http::server::{ConnectionLimits, serve};
use panda_oidc::jobs::{directory_sync, groups_file, key_rotation, logout_delivery, sweep};
use panda_oidc::store::WriteTimeout;
use panda_oidc_sdk::{Host, SystemClock};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

use super::files as open_files;
use crate::cli::listen::listen;
use crate::cli::log::Level;
use crate::cli::reload::{Hangups, Reloader};
use crate::cli::stop::stop_signal;

/// Runs the provider; returns after a graceful stop.
///
/// # Errors
///
/// Why it could not start or stop cleanly.
pub(super) async fn run(config: Config, files: &[PathBuf], level: &Level) -> Result<(), String> {
    level.set(config.log.level);
    let hangups = Hangups::catch()?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let public = listen("server.listen", config.server.listen).await?;
    let operator = listen("admin.listen", config.admin.listen).await?;
    let config = Config {
        limits: open_files::fitting(config.limits),
        ..config
    };
    let bounds = ConnectionLimits::from(&config);
    let host = Host::new(Arc::new(SystemClock)).map_err(|error| explain(&error))?;
    let app = App::open(config, host, WriteTimeout::Request)
        .await
        .map_err(|error| explain(&error))?
        .shared();
    unmatched_names::warn(&app).await;
    let mut stop_signal = stop_signal()?;
    tracing::info!("Serving {} on {}", app.issuer, address(&public));
    let (stop, stopped) = watch::channel(());
    let wait = |mut stopped: watch::Receiver<()>| async move {
        // An error means that the sender is dropped, which happens only when the process ends.
        let _ = stopped.changed().await;
    };
    let (reloader, routers) = Reloader::new(Arc::clone(&app), files, level.clone());
    let servers = async {
        tokio::join!(
            serve(
                public,
                routers.public,
                bounds.clone(),
                wait(stopped.clone())
            ),
            serve(operator, routers.admin, bounds, wait(stopped.clone())),
        )
    };
    let live = reloader.app();
    // The jobs and the routers hold what is in use; this function would hold what the process began with.
    drop(app);
    let reload_task = tokio::spawn(reloader.run(hangups));
    let sweep_task = tokio::spawn(sweep::run(live.clone()));
    let sync_task = tokio::spawn(directory_sync::run(live.clone(), wait(stopped.clone())));
    let groups_task = tokio::spawn(groups_file::follow(live.clone()));
    let keys_task = tokio::spawn(key_rotation::run(live.clone()));
    let (servers_running, servers_done) = oneshot::channel::<()>();
    let delivery_task = tokio::spawn(logout_delivery::run(live.clone(), async {
        // The sender is only dropped, never used: either way the servers are done.
        let _ = servers_done.await;
    }));
    let shutdown = async {
        stop_signal().await;
        tracing::info!("Stopping: requests in flight are finished first");
        stop.send_replace(());
        stop_signal().await;
        tracing::warn!("Asked to stop again: requests in flight are cut off");
    };
    tokio::select! {
        _ = servers => {}
        () = shutdown => {}
    }
    reload_task.abort();
    sweep_task.abort();
    // A directory sync that is cut off before `accept` changes nothing; later, the next one
    // finishes it.
    stop.send_replace(());
    sync_task.await.map_err(|error| explain(&error))?;
    groups_task.abort();
    keys_task.abort();
    // Logout notices are delivered last: requests in flight may still end sessions.
    drop(servers_running);
    delivery_task.await.map_err(|error| explain(&error))?;
    let store = Arc::clone(&live.current().store);
    store.close().await.map_err(|error| explain(&error))
}

fn address(listener: &TcpListener) -> String {
    listener
        .local_addr()
        .map(|address| address.to_string())
        .unwrap_or_default()
}
