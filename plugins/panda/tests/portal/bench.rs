//! A simulated portal, and a provider configured for it.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use figment::Figment;
use figment::providers::{Format as _, Toml};
use panda_oidc_panda::Plugin;
use panda_oidc_panda::simulator::{Fault, Person, Simulator, SimulatorHandle, SimulatorSettings};
use panda_oidc_sdk::contract::{Bench, Upstream};
use panda_oidc_sdk::{
    Directory, Host, Identity, IdentityProvider, LoginError, LoginRequest, ManualClock, OpenError,
    Plugin as _, Ticket,
};

pub(crate) struct PandaBench {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) portal: SimulatorHandle,
    provider: Box<dyn IdentityProvider>,
}

impl PandaBench {
    pub(crate) async fn start() -> Self {
        Self::with_timeout("10s").await
    }

    /// With a short timeout, for portals that do not answer.
    pub(crate) async fn impatient() -> Self {
        Self::with_timeout("300ms").await
    }

    async fn with_timeout(timeout: &str) -> Self {
        let clock = Arc::new(ManualClock::at(DateTime::<Utc>::UNIX_EPOCH));
        let portal = Simulator::start(SimulatorSettings {
            clock: clock.clone(),
            ..SimulatorSettings::default()
        })
        .await
        .expect("a free port");
        let table = format!("base_url = \"{}\"\ntimeout = \"{timeout}\"", portal.url());
        let provider = open_with(&table, clock.clone()).expect("the settings are good");
        Self {
            clock,
            portal,
            provider,
        }
    }

    /// Authenticates with `ticket`.
    pub(crate) async fn ask(&self, ticket: &str) -> Result<Identity, LoginError> {
        let ticket = Ticket::new(ticket.to_owned());
        self.provider.authenticate(&LoginRequest { ticket }).await
    }

    /// Authenticates with a new ticket for 陈涛, as after a click in the menu.
    pub(crate) async fn click(&self) -> Result<Identity, LoginError> {
        self.ask(&self.portal.issue_ticket(1)).await
    }

    pub(crate) fn directory(&self) -> &dyn Directory {
        self.provider.directory().expect("the portal has a list")
    }
}

#[async_trait]
impl Bench for PandaBench {
    fn provider(&self) -> &dyn IdentityProvider {
        &*self.provider
    }

    async fn ticket(&self, user: &Identity) -> Ticket {
        let id = user.subject.as_str().parse().expect("a number");
        let name = user.name.clone().unwrap_or_default();
        let phone = user.phone.clone().unwrap_or_default();
        self.portal.add_user(Person::new(id, name, phone));
        Ticket::new(self.portal.issue_ticket(id))
    }

    async fn put(&self, upstream: Upstream) {
        let fault = match upstream {
            Upstream::Dead => Fault::Dead,
            Upstream::Nonsense => Fault::LoginPage,
        };
        self.portal.set_fault(fault).await;
    }
}

/// Opens a provider from the lines of a `[provider]` table.
pub(crate) fn open(table: &str) -> Result<Box<dyn IdentityProvider>, OpenError> {
    open_with(table, Arc::new(ManualClock::at(DateTime::UNIX_EPOCH)))
}

fn open_with(table: &str, clock: Arc<ManualClock>) -> Result<Box<dyn IdentityProvider>, OpenError> {
    let file = format!("[provider]\nkind = \"panda\"\n{table}");
    let host = Host::new(clock).expect("a TLS library");
    Plugin.open(&Figment::from(Toml::string(&file)).focus("provider"), &host)
}
