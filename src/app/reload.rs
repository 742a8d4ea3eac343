//! The application after its configuration was read again.
//!
//! A new [`App`] takes the place of the old one as a whole, so that a request never sees two configurations. Both
//! share what lives as long as the process: the store, the keys, what is sealed with them, logout requests in
//! flight, and the counts of rate limits that have not changed.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use super::baseline::Baseline;
use super::groups::CurrentGroups;
use super::{App, RuleLog, StartError, metadata, outgoing};
use crate::backchannel::LogoutNotifier;
use crate::config::{Config, Running, Stamp, is_read_at_start};
use crate::login::policy::Policy;
use crate::oauth::clients::Clients;
use crate::problem::Problem;

/// What a reload changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// The keys with another value than before: `limits.exempt`, `clients.grafana`.
    pub changed: Vec<String>,
    /// The clients that are new.
    pub added_clients: Vec<String>,
    /// The clients that are gone.
    pub removed_clients: Vec<String>,
    /// The keys with another value than at the start, which counts only after a restart.
    pub needs_restart: Vec<String>,
}

impl App {
    /// What this process cannot change while it runs.
    #[must_use]
    pub fn running(&self) -> Running {
        Running {
            issuer: self.issuer.clone(),
            admin_listen: self.admin.listen,
        }
    }

    /// The state of the `configuration` files and of those that they name.
    #[must_use]
    pub fn files_stamp(&self, configuration: &[std::path::PathBuf]) -> Stamp {
        self.baseline.written.stamp(configuration)
    }

    /// The application that serves `config` from now on, and what is different in it.
    ///
    /// # Errors
    ///
    /// [`StartError`] says what cannot be used. This application is unchanged.
    pub fn reloaded(&self, config: Config) -> Result<(Self, Changes), StartError> {
        let baseline = &self.baseline;
        let changed = config.written.changed_from(&baseline.written);
        let trusts_others = config.trusted != baseline.trusted;
        let host = if trusts_others {
            outgoing(&config, &baseline.host)?
        } else {
            self.host.clone()
        };
        let provider = if trusts_others || changed.iter().any(|key| key.starts_with("provider.")) {
            config.provider.open(&host)?.into()
        } else {
            Arc::clone(&self.provider)
        };
        let groups = CurrentGroups::open(
            config.groups.configured.clone(),
            config.groups.file.as_deref(),
        )?;
        let metadata = metadata(&config)?;
        let changes = Changes {
            changed: changed
                .into_iter()
                .filter(|key| !is_read_at_start(key))
                .collect(),
            added_clients: missing_in(&self.clients, &config.clients),
            removed_clients: missing_in(&config.clients, &self.clients),
            needs_restart: config
                .written
                .changed_from(&baseline.written_at_start)
                .into_iter()
                .filter(|key| is_read_at_start(key))
                .collect(),
        };
        let logout_notifier = LogoutNotifier::new(&config.clients);
        let app = Self {
            started_at: self.started_at,
            issuer: self.issuer.clone(),
            policy: Policy::from(&config.session),
            limits: self.limits.reloaded(&config.limits, &host.clock),
            directory: config.directory,
            admin: config.admin,
            groups,
            groups_file: config.groups.file,
            rule_log: RuleLog::default(),
            remote_jwks: self
                .remote_jwks
                .reloaded(config.clients.jwks_uris(), host.clone()),
            logout_calls: self.logout_calls.reloaded(logout_notifier.listeners()),
            logout_notifier,
            clients: config.clients,
            provider,
            store: Arc::clone(&self.store),
            keys: Arc::clone(&self.keys),
            key_sealer: Arc::clone(&self.key_sealer),
            key_rotation: self.key_rotation,
            removal_time: Arc::clone(&self.removal_time),
            host,
            pending_request_sealer: Arc::clone(&self.pending_request_sealer),
            switch_sealer: Arc::clone(&self.switch_sealer),
            logout_sealer: Arc::clone(&self.logout_sealer),
            launch_sealer: Arc::clone(&self.launch_sealer),
            failed_launch_sealer: Arc::clone(&self.failed_launch_sealer),
            ticket_hasher: self.ticket_hasher.clone(),
            refresh_token_chain: Arc::clone(&self.refresh_token_chain),
            metadata,
            trusted_proxies: self.trusted_proxies.clone(),
            reload_on_change: config.reload_on_change,
            baseline: Baseline {
                host: baseline.host.clone(),
                trusted: config.trusted,
                written: config.written,
                written_at_start: Arc::clone(&baseline.written_at_start),
            },
        };
        Ok((app, changes))
    }
}

/// The clients of `others` that are not among `clients`.
fn missing_in(clients: &Clients, others: &Clients) -> Vec<String> {
    let ids = others.all().into_iter().map(|client| client.id.as_str());
    let missing = ids.filter(|id| clients.get(id).is_none());
    missing.map(str::to_owned).collect()
}

/// What became of a reload.
pub type ReloadResult = Result<Changes, Vec<Problem>>;

/// Asks the process to reload its configuration. Clones ask the same process.
#[derive(Debug, Clone)]
pub struct ReloadRequests(mpsc::Sender<oneshot::Sender<ReloadResult>>);

impl ReloadRequests {
    /// Requests, and where they arrive.
    #[must_use]
    pub fn channel() -> (Self, mpsc::Receiver<oneshot::Sender<ReloadResult>>) {
        let (sender, receiver) = mpsc::channel(1);
        (Self(sender), receiver)
    }

    /// Has the configuration reloaded, and waits for what becomes of it. `None` if the process is stopping.
    pub async fn reload(&self) -> Option<ReloadResult> {
        let (sender, receiver) = oneshot::channel();
        self.0.send(sender).await.ok()?;
        receiver.await.ok()
    }
}
