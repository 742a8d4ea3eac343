//! Signs people in through 熊猫智慧水务 (Panda Smart Water): a portal that opens other systems
//! from its menu, appends a ticket to their address and returns the user of a ticket.
//!
//! This crate owns the portal's two calls, `GetUserByTicket` and `GetUsers`: their settings, the
//! validation of their answers, and the circuit breaker for a portal that is down. It also owns a
//! [`simulator`] of the portal, for demonstrations, tests and integrators without a licence for the
//! real one. The host decides which browser may present a ticket, how often, and what happens with
//! the [`Identity`]. The host's synchronizer decides what a change in the list of users means.

mod address;
mod answer;
mod breaker;
mod client;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod settings;
pub mod simulator;
mod ticket_format;

use std::sync::Arc;

use async_trait::async_trait;
use figment::Figment;
use panda_oidc_sdk::{
    Directory, Entrance, Host, Identity, IdentityProvider, LoginError, LoginRequest, OpenError,
    Page, Ticket,
};
use url::{Origin, Url};

use crate::breaker::{Admission, Breaker, Outcome, Permit, Probe};
use crate::client::Client;
pub use crate::error::{InvalidResponse, NoResponse};
use crate::settings::Settings;

/// The longest ticket that is passed on, in bytes. Web servers refuse longer URLs.
const MAX_TICKET_BYTES: usize = 2048;

/// Opens a [`Panda`] from `[provider]` with `kind = "panda"`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plugin;

impl panda_oidc_sdk::Plugin for Plugin {
    fn kind(&self) -> &'static str {
        "panda"
    }

    fn open(&self, table: &Figment, host: &Host) -> Result<Box<dyn IdentityProvider>, OpenError> {
        let settings = Settings::read(table)?;
        if settings.is_forgeable() {
            tracing::warn!(
                portal = %settings.base_url,
                "The portal is asked over plain http: ANYBODY ON THE NETWORK PATH TO IT CAN SIGN \
                 IN AS ANY USER. Use https for `provider.base_url`, or keep this machine and the \
                 portal on a network of their own"
            );
        }
        let host = host.trusting(&settings.trusted).map_err(|error| {
            let remedy = "check the certificates in it, and those of this machine";
            OpenError::Unusable {
                key: "ca_file",
                problem: error.to_string(),
                remedy: remedy.to_owned(),
            }
        })?;
        Ok(Box::new(Panda::new(settings, &host)))
    }
}

/// One portal.
#[derive(Debug)]
pub struct Panda {
    settings: Settings,
    client: Arc<Client>,
    breaker: Arc<Breaker>,
}

impl Panda {
    fn new(settings: Settings, host: &Host) -> Self {
        Self {
            client: Arc::new(Client::new(host.http.clone(), &settings)),
            breaker: Breaker::new(host.clock.clone()),
            settings,
        }
    }

    /// Permission for one call with a ticket. If the portal was left alone and a probe is due, that is
    /// made first.
    async fn permit(&self) -> Result<Permit, NoResponse> {
        let admission = match self.breaker.admit() {
            Admission::Probe(probe) => {
                // A task of its own: the probe goes on if this browser goes away.
                let _ = tokio::spawn(run(probe, Arc::clone(&self.client))).await;
                self.breaker.admit()
            }
            admission => admission,
        };
        match admission {
            Admission::Call(permit) => Ok(permit),
            Admission::Probe(_) | Admission::Refused => Err(NoResponse::Resting),
        }
    }
}

/// Makes the probe.
async fn run(probe: Probe, client: Arc<Client>) {
    probe.report(if client.is_answering().await {
        Outcome::Answered
    } else {
        Outcome::Silent
    });
}

fn outcome(call: &Result<answer::Body, NoResponse>) -> Outcome {
    match call {
        Err(error) if error.is_down() => Outcome::Silent,
        _ => Outcome::Answered,
    }
}

#[async_trait]
impl IdentityProvider for Panda {
    fn ticket_parameter(&self) -> &str {
        &self.settings.ticket_parameter
    }

    /// The portal accepts no return address, so `resume` is unused. A pending authorization request
    /// is resumed at the user's next click in the portal's menu.
    fn entrance(&self, _resume: &Url) -> Entrance {
        let portal = self.settings.portal_url.clone();
        if self.settings.portal_redirect {
            Entrance::Redirect(portal)
        } else {
            Entrance::Portal(portal)
        }
    }

    fn origins(&self) -> &[Origin] {
        &self.settings.origins
    }

    fn canonical_ticket(&self, ticket: &Ticket) -> Option<Ticket> {
        self.settings.ticket_format.canonical(ticket)
    }

    async fn authenticate(&self, brought: &LoginRequest) -> Result<Identity, LoginError> {
        let ticket = &brought.ticket;
        if let Some(reason) = malformed_ticket(ticket) {
            return Err(LoginError::Rejected(reason.to_owned()));
        }
        let permit = self.permit().await?;
        let body = self.client.user_by_ticket(ticket).await;
        if let Some(probe) = permit.report(outcome(&body)) {
            tokio::spawn(run(probe, Arc::clone(&self.client)));
        }
        answer::user(&body?, ticket)
    }

    fn directory(&self) -> Option<&dyn Directory> {
        Some(self)
    }
}

/// The list of users bypasses the breaker: a page that times out must not block logins, and the list
/// is requested on a schedule, so it adds little load. Its answers show that the portal is up.
#[async_trait]
impl Directory for Panda {
    async fn page(&self, number: u32, size: u32) -> Result<Page, LoginError> {
        let body = self.client.users(number, size).await;
        if outcome(&body) == Outcome::Answered {
            self.breaker.answered();
        }
        answer::page(&body?)
    }
}

/// Why `ticket` is rejected without a call to the portal. The portal never issues such a ticket, and
/// a web server's reaction to it says nothing about the health of the portal.
fn malformed_ticket(ticket: &Ticket) -> Option<&'static str> {
    let ticket = ticket.expose();
    if ticket.is_empty() {
        return Some("the ticket is empty");
    }
    if ticket.len() > MAX_TICKET_BYTES {
        return Some("the ticket is longer than any the portal issues");
    }
    if ticket.chars().any(char::is_control) {
        return Some("the ticket holds control characters");
    }
    None
}
