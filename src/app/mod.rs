//! The application state that requests share, opened once from the configuration.

mod error;
pub mod files;
pub mod groups;
pub mod removal_time;
pub mod rule_log;
pub mod signing_keys;
pub mod unmatched_names;

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use panda_oidc_sdk::{Host, IdentityProvider};

pub use self::error::StartError;
use self::files::open_master_key;
use self::groups::{CurrentGroups, log_failures};
use self::removal_time::RemovalTime;
use self::rule_log::RuleLog;
use self::signing_keys::{load_or_generate, other_master_key};
use crate::backchannel::LogoutNotifier;
use crate::config::{Admin, Config, Directory, StoreKind};
use crate::crypto::refresh_token::RefreshTokenChain;
use crate::crypto::{Purpose, Sealer, TicketHasher};
use crate::keys::Keys;
use crate::keys::remote_jwks::RemoteJwks;
use crate::limits::{Limits, LogoutCalls};
use crate::login::policy::Policy;
use crate::oauth::client::Client;
use crate::oauth::clients::Clients;
use crate::oauth::discovery;
use crate::oauth::issuer::Issuer;
use crate::people::{Link, Membership, Profile};
use crate::problem::Problem;
use crate::session::User;
use crate::store::{Missing, SqliteStore, Store, StoreError, WriteTimeout};

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
    pub provider: Box<dyn IdentityProvider>,
    /// The store, for what outlives a request.
    pub store: Box<dyn Store>,
    /// The signing keys.
    pub keys: Keys,
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
    pub removal_time: RemovalTime,
    /// Seals pending authorization requests.
    pub pending_request_sealer: Sealer,
    /// Seals account switches that wait for confirmation.
    pub switch_sealer: Sealer,
    /// Seals logouts that wait for confirmation.
    pub logout_sealer: Sealer,
    /// Seals recent launches in cookies.
    pub launch_sealer: Sealer,
    /// Seals launches that failed.
    pub failed_launch_sealer: Sealer,
    /// Hashes tickets for the store.
    pub ticket_hasher: TicketHasher,
    /// Derives the successor of a refresh token.
    pub refresh_token_chain: RefreshTokenChain,
    /// The discovery document as JSON.
    pub metadata: bytes::Bytes,
    /// The networks whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<ipnet::IpNet>,
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
        let host = outgoing(&config, &host)?;
        let provider = config.provider.open(&host)?;
        let groups = config.groups.clone();
        let groups = CurrentGroups::open(groups.configured, groups.file.as_deref())?;
        let store: Box<dyn Store> = match config.store.kind {
            StoreKind::Sqlite => Box::new(match write_timeout {
                WriteTimeout::Request => SqliteStore::open(&config.store.path, write_timeout)?,
                WriteTimeout::Command => {
                    SqliteStore::open_for_command(&config.store.path, Missing::Create)?
                }
            }),
            StoreKind::Memory => Box::new(SqliteStore::temporary()?),
        };
        let master = open_master_key(&config, store.keys().await?.is_empty())?;
        let sealer = master.sealer(Purpose::SigningKeys);
        let keys = load_or_generate(store.as_ref(), &sealer, host.clock.as_ref()).await;
        let keys = keys.map_err(|error| other_master_key(error, &config.keys.master_key_file))?;
        let metadata = discovery::metadata(&config.issuer, config.clients.any_gets_email())
            .map_err(|error| StartError::Metadata(error.into()))?;
        let metadata =
            serde_json::to_vec(&metadata).map_err(|error| StartError::Metadata(error.into()))?;
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
            keys,
            removal_time: RemovalTime::new(Arc::clone(&host.clock)),
            host,
            pending_request_sealer: master.sealer(Purpose::PendingRequests),
            switch_sealer: master.sealer(Purpose::AccountSwitches),
            logout_sealer: master.sealer(Purpose::Logouts),
            launch_sealer: master.sealer(Purpose::Launches),
            failed_launch_sealer: master.sealer(Purpose::FailedLaunches),
            ticket_hasher: master.ticket_hasher(),
            refresh_token_chain: master.refresh_token_chain(),
            metadata: metadata.into(),
            trusted_proxies: config.server.trusted_proxies,
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
