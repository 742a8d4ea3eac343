//! The levers of a running simulator.

use std::fmt;
use std::io;
use std::sync::Arc;

use url::Url;

use super::line::Line;
use super::{Calls, Fault, MenuEntry, Person, Simulated, held};

/// A running simulator; it stops when this is dropped.
pub struct SimulatorHandle {
    state: Arc<Simulated>,
    line: Line,
    url: Url,
}

impl SimulatorHandle {
    pub(super) fn new(state: Arc<Simulated>, line: Line) -> io::Result<Self> {
        let url = Url::parse(&format!("http://{}/", line.address())).map_err(io::Error::other)?;
        Ok(Self { state, line, url })
    }

    /// The portal's address, which is its `base_url` and shows its menu.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Adds somebody, or changes whoever has the same `id`.
    pub fn add_user(&self, person: Person) {
        held(&self.state.portal).add(person);
    }

    /// Gives the user another name.
    pub fn rename_user(&self, user: u64, name: impl Into<String>) {
        held(&self.state.portal).rename(user, name.into());
    }

    /// Takes the user off the list; the tickets they have still work. No document says that they
    /// end, and it is the case to be ready for.
    pub fn suspend_user(&self, user: u64) {
        held(&self.state.portal).suspend(user);
    }

    /// Removes the user, and with them their tickets.
    pub fn remove_user(&self, user: u64) {
        held(&self.state.portal).remove(user);
    }

    /// Issues a ticket, as a click in the menu does. For somebody unknown it is worth nothing.
    #[must_use]
    pub fn issue_ticket(&self, user: u64) -> String {
        self.state.issue(user)
    }

    /// Has the portal know `ticket` as one it issued for the user, whatever it looks like.
    pub fn plant_ticket(&self, ticket: impl Into<String>, user: u64) {
        let now = self.state.clock.now();
        held(&self.state.portal).plant(ticket.into(), user, now);
    }

    /// Forgets every ticket, as a restart of the portal does.
    pub fn expire_tickets(&self) {
        held(&self.state.portal).expire();
    }

    /// Replaces the menu.
    pub fn menu(&self, entries: Vec<MenuEntry>) {
        *held(&self.state.menu) = entries;
    }

    /// Puts the portal into a condition, from the next call on. It holds when this returns.
    pub async fn set_fault(&self, fault: Fault) {
        let order = fault.line();
        *held(&self.state.fault) = fault;
        self.line.order(order).await;
    }

    /// What the portal was asked so far.
    #[must_use]
    pub fn calls(&self) -> Calls {
        held(&self.state.calls).clone()
    }

    /// Starts the counts again.
    pub fn forget_calls(&self) {
        *held(&self.state.calls) = Calls::default();
    }

    /// Stops listening and cuts what is under way; returns when the port is free again.
    pub async fn stop(self) {
        self.line.close().await;
    }
}

impl fmt::Debug for SimulatorHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatorHandle")
            .field("url", &self.url.as_str())
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
