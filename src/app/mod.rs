//! The application state that requests share, opened once from the configuration.

mod baseline;
mod error;
pub mod files;
pub mod groups;
pub mod live;
pub mod reload;
pub mod removal_time;
pub mod rule_log;
pub mod signing_keys;
pub mod unmatched_names;

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use panda_oidc_sdk::{Host, IdentityProvider};

use self::baseline::Baseline;
pub use self::error::StartError;
use self::files::open_master_key;
pub use self::files::require_master_key;
use self::groups::{CurrentGroups, log_failures};
use self::removal_time::RemovalTime;
use self::rule_log::RuleLog;
use self::signing_keys::{load_or_generate, other_master_key};
use crate::backchannel::LogoutNotifier;
use crate::config::{Admin, Config, Directory, StoreConfig};
use crate::crypto::refresh_token::RefreshTokenChain;
use crate::crypto::{Purpose, Sealer, TicketHasher};
use crate::keys::Keys;
use crate::keys::remote_jwks::RemoteJwks;
use crate::keys::schedule::RotationPolicy;
use crate::limits::{Limits, LogoutCalls};
use crate::login::policy::Policy;
use crate::oauth::client::Client;
use crate::oauth::clients::Clients;
use crate::oauth::discovery;
use crate::oauth::issuer::Issuer;
use crate::people::{Link, Membership, Profile};
use crate::problem::Problem;
use crate::session::User;
use crate::store::{
    Missing, PostgresStore, SqliteStore, Store, StoreError, TableReader, TableWriter, WriteTimeout,
};

/// The opened provider. Requests share it.
pub struct App {
    /// When it was opened.
    pub started_at: DateTime<Utc>,
    /// The issuer.
    pub issuer: Issuer,
    /// The admin listener, and the tokens it accepts.
    pub admin: Admin,
    /// The registered clients.
    pub clients: Clients,
    /// The groups that people belong to.
    pub groups: CurrentGroups,
    /// The file with further groups.
    pub groups_file: Option<PathBuf>,
    /// Logs the claim rules that fail.
    pub rule_log: RuleLog,
    /// The keys that clients publish at their `jwks_uri`.
    pub remote_jwks: RemoteJwks,
    /// The identity provider that authenticates users.
    pub provider: Arc<dyn IdentityProvider>,
    /// The store, for what outlives a request.
    pub store: Arc<dyn Store>,
    /// The signing keys.
    pub keys: Arc<Keys>,
    /// Seals the signing keys in the store.
    pub key_sealer: Arc<Sealer>,
    /// How the signing keys are rotated.
    pub key_rotation: RotationPolicy,
    /// Notifies clients of ended sessions.
    pub logout_notifier: LogoutNotifier,
    /// Limits the logout requests in flight.
    pub logout_calls: LogoutCalls,
    /// How sessions and tickets are treated.
    pub policy: Policy,
    /// How the directory is synchronized.
    pub directory: Directory,
    /// The rate limits.
    pub limits: Limits,
    /// The clock, and the HTTP client for the URLs that clients registered: logout endpoints, JWK
    /// Sets.
    pub host: Host,
    /// The time by which data is removed for good.
    pub removal_time: Arc<RemovalTime>,
    /// Seals pending authorization requests.
    pub pending_request_sealer: Arc<Sealer>,
    /// Seals account switches that wait for confirmation.
    pub switch_sealer: Arc<Sealer>,
    /// Seals logouts that wait for confirmation.
    pub logout_sealer: Arc<Sealer>,
    /// Seals recent launches in cookies.
    pub launch_sealer: Arc<Sealer>,
    /// Seals launches that failed.
    pub failed_launch_sealer: Arc<Sealer>,
    /// Hashes tickets for the store.
    pub ticket_hasher: TicketHasher,
    /// Derives the successor of a refresh token.
    pub refresh_token_chain: Arc<RefreshTokenChain>,
    /// The discovery document as JSON.
    pub metadata: bytes::Bytes,
    /// The networks whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// Whether the configuration is reloaded when its files change.
    pub reload_on_change: bool,
    baseline: Baseline,
}

impl App {
    /// Opens everything that `config` names.
    ///
    /// # Errors
    ///
    /// [`StartError`] says what could not be opened.
    pub async fn open(
        config: Config,
        host: Host,
        write_timeout: WriteTimeout,
    ) -> Result<Self, StartError> {
        let baseline = Baseline::at_start(&config, &host);
        let host = outgoing(&config, &host)?;
        let provider = config.provider.open(&host)?.into();
        let groups = config.groups.clone();
        let groups = CurrentGroups::open(groups.configured, groups.file.as_deref())?;
        let key = config.store.key();
        let of_store = |source| StartError::Store { key, source };
        let store = match write_timeout {
            WriteTimeout::Request => open_for_provider(&config.store).await,
            WriteTimeout::Command => open_store(&config.store, Missing::Create).await,
        };
        let store = store.map_err(of_store)?;
        let has_no_keys = store.keys().await.map_err(of_store)?.is_empty();
        let master = open_master_key(&config, has_no_keys)?;
        let sealer = master.sealer(Purpose::SigningKeys);
        let keys = load_or_generate(store.as_ref(), &sealer, host.clock.as_ref()).await;
        let keys = keys
            .map_err(|error| other_master_key(error, &config.keys.master_key_file).of_store(key))?;
        let metadata = metadata(&config)?;
        let logout_notifier = LogoutNotifier::new(&config.clients);
        Ok(Self {
            started_at: host.clock.now(),
            policy: Policy::from(&config.session),
            limits: Limits::new(&config.limits, &host.clock),
            directory: config.directory,
            issuer: config.issuer,
            admin: config.admin,
            groups,
            groups_file: config.groups.file,
            rule_log: RuleLog::default(),
            remote_jwks: RemoteJwks::new(config.clients.jwks_uris(), host.clone()),
            logout_calls: LogoutCalls::new(logout_notifier.listeners()),
            logout_notifier,
            clients: config.clients,
            provider,
            store,
            keys: Arc::new(keys),
            key_sealer: Arc::new(sealer),
            key_rotation: RotationPolicy::from(&config.keys),
            removal_time: Arc::new(RemovalTime::new(Arc::clone(&host.clock))),
            host,
            pending_request_sealer: Arc::new(master.sealer(Purpose::PendingRequests)),
            switch_sealer: Arc::new(master.sealer(Purpose::AccountSwitches)),
            logout_sealer: Arc::new(master.sealer(Purpose::Logouts)),
            launch_sealer: Arc::new(master.sealer(Purpose::Launches)),
            failed_launch_sealer: Arc::new(master.sealer(Purpose::FailedLaunches)),
            ticket_hasher: master.ticket_hasher(),
            refresh_token_chain: Arc::new(master.refresh_token_chain()),
            metadata,
            trusted_proxies: config.server.trusted_proxies,
            reload_on_change: config.reload_on_change,
            baseline,
        })
    }

    /// The profile of a user as the client that has `link` for them sees it.
    #[must_use]
    pub fn profile(&self, user: User, link: Option<Link>) -> Profile {
        let membership = self.groups.current().membership_of(&user, link.as_ref());
        log_failures(user.subject().as_str(), &membership);
        let Membership {
            groups,
            roles,
            undecided_groups,
            ..
        } = membership;
        Profile {
            user,
            link,
            groups,
            roles,
            undecided_groups,
        }
    }

    /// The profile of a user as the access rules of `client` see it. The link is looked up only if
    /// the rules may use it.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn profile_for(&self, client: &Client, user: &User) -> Result<Profile, StoreError> {
        let link = match &client.access {
            Some(access) if access.depends_on_link() => {
                self.store.link(user.subject(), &client.id).await?
            }
            _ => None,
        };
        Ok(self.profile(user.clone(), link))
    }

    /// The application, shared between handlers.
    #[must_use]
    pub fn shared(self) -> Arc<Self> {
        Arc::new(self)
    }
}

/// Opens the store, and creates or migrates it.
async fn open_for_provider(store: &StoreConfig) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match store {
        StoreConfig::Sqlite(path) => Arc::new(SqliteStore::open(path, WriteTimeout::Request)?),
        StoreConfig::Postgres(settings) => Arc::new(PostgresStore::open(settings).await?),
        StoreConfig::Memory => Arc::new(SqliteStore::temporary()?),
    })
}

/// Opens the store for an operator's command, which does not migrate it.
///
/// # Errors
///
/// When it cannot be opened, or does not exist although `missing` says that it must.
pub async fn open_store(
    store: &StoreConfig,
    missing: Missing,
) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match store {
        StoreConfig::Sqlite(path) => Arc::new(SqliteStore::open_for_command(path, missing)?),
        StoreConfig::Postgres(settings) => {
            Arc::new(PostgresStore::open_for_command(settings, missing).await?)
        }
        StoreConfig::Memory => Arc::new(SqliteStore::temporary()?),
    })
}

/// Reads the tables of the store, for a backup or a copy.
///
/// # Errors
///
/// When it cannot be opened.
pub async fn read_tables(store: &StoreConfig) -> Result<Box<dyn TableReader>, StoreError> {
    match store {
        StoreConfig::Sqlite(path) => SqliteStore::read_tables(path),
        StoreConfig::Postgres(settings) => PostgresStore::read_tables(settings).await,
        StoreConfig::Memory => Err(StoreError::of_memory()),
    }
}

/// Writes the tables of the store, for a restored backup or a copy.
///
/// # Errors
///
/// When it cannot be opened.
pub async fn write_tables(store: &StoreConfig) -> Result<Box<dyn TableWriter>, StoreError> {
    match store {
        StoreConfig::Sqlite(path) => SqliteStore::write_tables(path),
        StoreConfig::Postgres(settings) => PostgresStore::write_tables(settings).await,
        StoreConfig::Memory => Err(StoreError::of_memory()),
    }
}

/// The discovery document as JSON.
fn metadata(config: &Config) -> Result<bytes::Bytes, StartError> {
    let metadata = discovery::metadata(&config.issuer, config.clients.any_gets_email())
        .map_err(|error| StartError::Metadata(error.into()))?;
    serde_json::to_vec(&metadata)
        .map(bytes::Bytes::from)
        .map_err(|error| StartError::Metadata(error.into()))
}

/// `host`, trusting the certificates in `ca_file`.
fn outgoing(config: &Config, host: &Host) -> Result<Host, Problem> {
    host.trusting(&config.trusted).map_err(|error| Problem {
        origin: None,
        key: "ca_file".to_owned(),
        problem: error.to_string(),
        remedy: "check the certificates in it, and those of this machine".to_owned(),
    })
}

/// Opens the identity provider that `[provider]` names, without touching the network.
///
/// # Errors
///
/// A [`Problem`] when its settings are wrong.
pub fn open_provider(config: &Config, host: &Host) -> Result<Box<dyn IdentityProvider>, Problem> {
    config.provider.open(&outgoing(config, host)?)
}
