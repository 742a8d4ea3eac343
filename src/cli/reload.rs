//! Reloads the configuration while the provider runs: on SIGHUP, on `POST /reload`, and, with
//! `reload_on_change`, when a file of it changes.
//!
//! One task does all reloads, one after the other. A configuration that cannot be used changes nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use panda_oidc::app::live::LiveApp;
use panda_oidc::app::reload::{Changes, ReloadRequests, ReloadResult};
use panda_oidc::app::{App, StartError, unmatched_names};
use panda_oidc::config::{self, Stamp};
use panda_oidc::error_chain::explain;
use panda_oidc::http::server::LiveRouter;
use panda_oidc::http::{admin, router};
use panda_oidc::problem::Problem;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::cli::log::Level;

/// The time between two looks at the files.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The routers of the two listeners.
pub(super) struct Routers {
    pub(super) public: LiveRouter,
    pub(super) admin: LiveRouter,
}

/// Reloads the configuration.
pub(super) struct Reloader {
    files: Vec<PathBuf>,
    app: LiveApp,
    public: LiveRouter,
    admin: LiveRouter,
    level: Level,
    requests: ReloadRequests,
    arriving: mpsc::Receiver<oneshot::Sender<ReloadResult>>,
    watch: Watch,
    /// Looks for names that match nothing in the configuration in use.
    name_check: Option<JoinHandle<()>>,
}

/// The files as they were seen.
struct Watch {
    /// When the configuration was last read, usable or not.
    read: Stamp,
    /// At the last look.
    seen: Stamp,
}

impl Reloader {
    /// For `app`, which was opened with the configuration in `files`.
    pub(super) fn new(app: Arc<App>, files: &[PathBuf], level: Level) -> (Self, Routers) {
        let (requests, arriving) = ReloadRequests::channel();
        let public = LiveRouter::from(router(Arc::clone(&app)));
        let admin = LiveRouter::from(admin::router(Arc::clone(&app), requests.clone()));
        let stamp = app.files_stamp(files);
        let routers = Routers {
            public: public.clone(),
            admin: admin.clone(),
        };
        let reloader = Self {
            files: files.to_owned(),
            app: app.into(),
            public,
            admin,
            level,
            requests,
            arriving,
            watch: Watch {
                read: stamp.clone(),
                seen: stamp,
            },
            name_check: None,
        };
        (reloader, routers)
    }

    /// The application in use.
    pub(super) fn app(&self) -> LiveApp {
        self.app.clone()
    }

    /// Reloads until the future is dropped.
    pub(super) async fn run(mut self, mut hangups: Hangups) {
        loop {
            let why = tokio::select! {
                () = hangups.next() => "SIGHUP",
                Some(answer) = self.arriving.recv() => {
                    let result = self.reload("POST /reload").await;
                    // Whoever sent the request may have gone.
                    let _ = answer.send(result);
                    continue;
                }
                () = tokio::time::sleep(POLL_INTERVAL) => {
                    if !self.files_have_changed().await {
                        continue;
                    }
                    "reload_on_change"
                }
            };
            // The log has the result.
            let _ = self.reload(why).await;
        }
    }

    /// Whether the files are others than those that were read, and have stayed so since the last look: a file
    /// that is still being written is not read.
    async fn files_have_changed(&mut self) -> bool {
        if !self.app.current().reload_on_change {
            return false;
        }
        let Some(now) = self.stamp().await else {
            return false;
        };
        let is_steady = now == self.watch.seen;
        self.watch.seen = now;
        is_steady && self.watch.seen != self.watch.read
    }

    async fn stamp(&self) -> Option<Stamp> {
        let (app, files) = (self.app.current(), self.files.clone());
        let stamp = tokio::task::spawn_blocking(move || app.files_stamp(&files));
        stamp.await.ok()
    }

    /// Reloads once, and logs what became of it. `why` is what asked for it.
    async fn reload(&mut self, why: &str) -> ReloadResult {
        if let Some(stamp) = self.stamp().await {
            self.watch.read = stamp;
        }
        let result = self.replace().await;
        match &result {
            Ok(changes) => log_changes(changes, why),
            Err(problems) => {
                for problem in problems {
                    tracing::error!(
                        "{problem}. The configuration that was read before stays ({why})"
                    );
                }
            }
        }
        // The new configuration may name other files.
        if let Some(stamp) = self.stamp().await.filter(|_| result.is_ok()) {
            self.watch.read = stamp;
        }
        result
    }

    /// Puts the configuration into use as it is written now.
    async fn replace(&mut self) -> ReloadResult {
        let (app, files) = (self.app.current(), self.files.clone());
        let read = tokio::task::spawn_blocking(move || {
            let config = config::reload(&files, &app.running())?;
            let (level, warnings) = (config.log.level, config.warnings.clone());
            let (app, changes) = app.reloaded(config).map_err(|error| vec![problem(error)])?;
            Ok((app.shared(), changes, level, warnings))
        });
        let read = read.await.unwrap_or_else(|error| {
            Err(vec![Problem {
                origin: None,
                key: String::new(),
                problem: format!("the configuration was not read: {error}"),
                remedy: "this is a defect; please report it".to_owned(),
            }])
        });
        let (app, changes, level, warnings) = read?;
        let admin = admin::router(Arc::clone(&app), self.requests.clone());
        self.public.replace(router(Arc::clone(&app)));
        self.admin.replace(admin);
        self.app.replace(Arc::clone(&app));
        self.level.set(level);
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        // It may read all links; that of a configuration that is gone is of no use.
        let check = tokio::spawn(async move { unmatched_names::warn(&app).await });
        if let Some(earlier) = self.name_check.replace(check) {
            earlier.abort();
        }
        Ok(changes)
    }
}

fn problem(error: StartError) -> Problem {
    match error {
        StartError::Setting(problem) => problem,
        error => Problem {
            origin: None,
            key: String::new(),
            problem: explain(&error),
            remedy: "see what `panda-oidc check` says".to_owned(),
        },
    }
}

fn log_changes(changes: &Changes, why: &str) {
    let keys = match changes.changed.as_slice() {
        [] => "no key has changed".to_owned(),
        changed => format!("changed: {}", changed.join(", ")),
    };
    tracing::info!("The configuration was reloaded ({why}); {keys}");
    for (clients, what) in [
        (&changes.added_clients, "new"),
        (
            &changes.removed_clients,
            "gone; its codes and tokens are refused from now on",
        ),
    ] {
        for client in clients {
            tracing::info!(client_id = client, "The client {client} is {what}");
        }
    }
    for key in &changes.needs_restart {
        tracing::warn!(
            "{key} has changed since the start and needs a restart: until then, the value of the start counts"
        );
    }
}

/// The `SIGHUP`s of this process, which are caught as long as this exists. Other systems have none.
pub(super) struct Hangups {
    #[cfg(unix)]
    signals: tokio::signal::unix::Signal,
}

impl Hangups {
    /// Catches them from now on: without that, the first one ends the process.
    ///
    /// # Errors
    ///
    /// When no signal can be caught.
    pub(super) fn catch() -> Result<Self, String> {
        Ok(Self {
            #[cfg(unix)]
            signals: {
                use tokio::signal::unix::{SignalKind, signal};
                signal(SignalKind::hangup())
                    .map_err(|error| format!("no signal can be heard: {error}"))?
            },
        })
    }

    /// Waits for the next one.
    async fn next(&mut self) {
        #[cfg(unix)]
        if self.signals.recv().await.is_some() {
            return;
        }
        std::future::pending::<()>().await;
    }
}
