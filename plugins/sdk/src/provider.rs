//! The seam: what the host asks of a provider, and what it lends one.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use figment::Figment;
use url::Url;

use crate::{Clock, Directory, Identity, LoginError, OpenError, Ticket};

/// Signs users in against one outside system.
///
/// Implementations are shared between requests and hold no per-login state.
#[async_trait]
pub trait IdentityProvider: Debug + Send + Sync {
    /// The query parameter in which the outside system hands over its ticket.
    fn ticket_parameter(&self) -> &str;

    /// How a browser that has not signed in gets to where it can. `resume` is the URL of ours that
    /// the outside system may send the browser back to, if it knows how to.
    fn entrance(&self, resume: &Url) -> Entrance;

    /// The origins a click that starts a login may come from. A `Referer` from one of them proves
    /// that the portal itself sent the browser.
    fn origins(&self) -> Vec<url::Origin>;

    /// Turns what the browser brought into the user it proves.
    ///
    /// Called once per launch, and never again for the same launch: asking may lengthen a ticket's
    /// life.
    ///
    /// # Errors
    ///
    /// [`LoginError::Rejected`] when the ticket is no good, [`LoginError::Unreachable`] and
    /// [`LoginError::Unintelligible`] when the outside system is at fault.
    async fn authenticate(&self, brought: &Brought) -> Result<Identity, LoginError>;

    /// The outside system's list of users, where it has one.
    fn directory(&self) -> Option<&dyn Directory> {
        None
    }
}

/// What a browser brought to a launch.
#[derive(Debug, Clone)]
pub struct Brought {
    /// The value of [`IdentityProvider::ticket_parameter`].
    pub ticket: Ticket,
}

/// Where a person without a session signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entrance {
    /// A page of the outside system that will send the browser back: go there at once.
    Redirect(Url),
    /// A portal that starts logins from its own menu: show the link, the person clicks there.
    Portal(Url),
}

/// Makes providers of one `kind`; each plugin crate exports exactly one.
pub trait Plugin: Send + Sync {
    /// The word that selects this plugin in the configuration: `kind = "panda"`.
    fn kind(&self) -> &'static str;

    /// Opens a provider from the `[provider]` table, without touching the network.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when the table holds an unknown key or a value that cannot work.
    fn open(&self, table: &Figment, host: &Host) -> Result<Box<dyn IdentityProvider>, OpenError>;
}

/// What the host lends a plugin.
#[derive(Debug, Clone)]
pub struct Host {
    /// The HTTP client to share: pooled, two seconds to connect, no redirect followed, no proxy
    /// taken from the environment. It has no total timeout; a plugin sets its own per request.
    pub http: reqwest::Client,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl Host {
    /// A host whose HTTP client keeps the promises of [`Host::http`].
    ///
    /// # Errors
    ///
    /// When the TLS library cannot be set up.
    pub fn new(clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .connect_timeout(std::time::Duration::from_secs(2))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .tcp_nodelay(true)
            .user_agent(concat!("panda-oidc/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, clock })
    }
}
