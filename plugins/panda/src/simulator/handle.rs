//! Controls a running simulator.

use std::fmt;
use std::io;
use std::sync::Arc;

use url::Url;

use super::line::Line;
use super::{Calls, Fault, MenuEntry, Person, Simulated, lock};

/// A running simulator. It stops when this handle is dropped.
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

    /// The portal's address: its `base_url`, and the address of its menu.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Adds a user, or replaces the user with the same `id`.
    pub fn add_user(&self, person: Person) {
        lock(&self.state.portal).add(person);
    }

    /// Renames the user.
    pub fn rename_user(&self, user: u64, name: impl Into<String>) {
        lock(&self.state.portal).rename(user, name.into());
    }

    /// Takes the user off the list; their tickets still work. No documentation says that the tickets
    /// of such a user end, so this is the worst case to test.
    pub fn suspend_user(&self, user: u64) {
        lock(&self.state.portal).suspend(user);
    }

    /// Removes the user and their tickets.
    pub fn remove_user(&self, user: u64) {
        lock(&self.state.portal).remove(user);
    }

    /// Issues a ticket, as a click in the menu does. A ticket for an unknown user is not accepted.
    #[must_use]
    pub fn issue_ticket(&self, user: u64) -> String {
        self.state.issue(user)
    }

    /// Registers `ticket`, in whatever format, as one the portal issued for the user.
    pub fn plant_ticket(&self, ticket: impl Into<String>, user: u64) {
        let now = self.state.clock.now();
        lock(&self.state.portal).plant(ticket.into(), user, now);
    }

    /// Forgets every ticket, as a restart of the portal does.
    pub fn expire_tickets(&self) {
        lock(&self.state.portal).expire();
    }

    /// Replaces the menu.
    pub fn menu(&self, entries: Vec<MenuEntry>) {
        *lock(&self.state.menu) = entries;
    }

    /// Sets the fault for the next calls. It is in effect when this returns.
    pub async fn set_fault(&self, fault: Fault) {
        let order = fault.line();
        *lock(&self.state.fault) = fault;
        self.line.order(order).await;
    }

    /// The calls the portal has received so far.
    #[must_use]
    pub fn calls(&self) -> Calls {
        lock(&self.state.calls).clone()
    }

    /// Resets the record of calls.
    pub fn forget_calls(&self) {
        *lock(&self.state.calls) = Calls::default();
    }

    /// Stops listening and cuts the open connections. Returns when the port is free again.
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
