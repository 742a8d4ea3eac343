//! The traits a plugin implements, and what the host passes to it.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use figment::Figment;
use url::Url;

use crate::tls::{CaFileError, TrustedCertificates};
use crate::{Clock, Directory, Identity, LoginError, OpenError, Ticket};

/// Authenticates users against one outside system.
///
/// Implementations are shared between requests and hold no per-login state.
#[async_trait]
pub trait IdentityProvider: Debug + Send + Sync {
    /// The query parameter in which the outside system hands over its ticket.
    fn ticket_parameter(&self) -> &str;

    /// How a browser without a session gets to a login. `resume` is the URL at this provider that the
    /// outside system can send the browser back to, if it supports that.
    fn entrance(&self, resume: &Url) -> Entrance;

    /// The origins from which a launch may come. A `Referer` from one of them shows that the portal
    /// itself sent the browser.
    fn origins(&self) -> &[url::Origin];

    /// `ticket` in the one spelling that stands for all spellings that the outside system may accept as
    /// the same ticket; `None` if the system issues no such tickets. The owner of a ticket is remembered
    /// by this spelling, so that a stolen ticket in another one is not a new ticket.
    fn canonical_ticket(&self, ticket: &Ticket) -> Option<Ticket> {
        Some(ticket.clone())
    }

    /// Authenticates the user of the ticket that the browser presented.
    ///
    /// It is called once for each way in which the ticket of a launch can be read, and never retried: a call
    /// may extend the life of the ticket.
    ///
    /// # Errors
    ///
    /// [`LoginError::Rejected`] when the ticket is not valid, [`LoginError::Unreachable`] and
    /// [`LoginError::Unintelligible`] when the outside system is at fault.
    async fn authenticate(&self, brought: &LoginRequest) -> Result<Identity, LoginError>;

    /// The outside system's list of users, where it has one.
    fn directory(&self) -> Option<&dyn Directory> {
        None
    }
}

/// What a browser presented at a launch.
#[derive(Debug, Clone)]
pub struct LoginRequest {
    /// The value of [`IdentityProvider::ticket_parameter`].
    pub ticket: Ticket,
}

/// Where a user without a session signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entrance {
    /// A page of the outside system that the browser is redirected to at once.
    Redirect(Url),
    /// A portal that starts logins from its own menu. The browser is shown a link to it.
    Portal(Url),
}

/// Opens providers of one `kind`. Each plugin crate exports exactly one.
pub trait Plugin: Send + Sync {
    /// The word that selects this plugin in the configuration: `kind = "panda"`.
    fn kind(&self) -> &'static str;

    /// Opens a provider from the `[provider]` table, without touching the network.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when the table contains an unknown key or a value that cannot work.
    fn open(&self, table: &Figment, host: &Host) -> Result<Box<dyn IdentityProvider>, OpenError>;
}

/// What the host provides to a plugin.
#[derive(Debug, Clone)]
pub struct Host {
    /// The shared HTTP client, with a connect timeout of two seconds. Each request has a connection of
    /// its own: a server may close an idle one at any time, and a request that is lost with it could not
    /// be repeated safely (RFC 9112 §9.5). It follows no
    /// redirects and ignores proxy settings of the environment. It has no total timeout; a plugin
    /// sets its own per request.
    pub http: reqwest::Client,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    trusted: TrustedCertificates,
}

impl Host {
    /// A host whose HTTP client is configured as [`Host::http`] describes. It trusts the certificates
    /// that the machine trusts.
    ///
    /// # Errors
    ///
    /// When the TLS library cannot be set up.
    pub fn new(clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        Ok(Self {
            http: http_client().build()?,
            clock,
            trusted: TrustedCertificates::default(),
        })
    }

    /// This host, whose HTTP client trusts `more` as well.
    ///
    /// # Errors
    ///
    /// When the TLS library cannot be set up.
    pub fn trusting(&self, more: &TrustedCertificates) -> Result<Self, CaFileError> {
        if more.is_empty() {
            return Ok(self.clone());
        }
        let trusted = self.trusted.and(more);
        Ok(Self {
            http: http_client()
                .tls_backend_preconfigured(trusted.client_config()?)
                .build()?,
            clock: Arc::clone(&self.clock),
            trusted,
        })
    }
}

fn http_client() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .connect_timeout(std::time::Duration::from_secs(2))
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .retry(reqwest::retry::never())
        .no_proxy()
        .tcp_nodelay(true)
        .user_agent(concat!("panda-oidc/", env!("CARGO_PKG_VERSION")))
}
