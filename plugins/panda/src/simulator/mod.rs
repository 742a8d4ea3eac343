//! A simulated portal: the two documented calls, a clickable menu, and every fault that was seen on
//! real portals.
//!
//! It owns people, tickets, a menu and a socket. The code under test calls it over HTTP like the real
//! portal. A test or a demonstration changes it, and inspects the calls it received, through the
//! [`SimulatorHandle`]. Do not expose it on a network: a visitor can be any user without a password.

mod calls;
mod fault;
mod handle;
mod line;
mod menu;
mod page;
mod portal;
mod reply;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use chrono::TimeDelta;
use panda_oidc_sdk::{Clock, SystemClock};

pub use self::calls::Calls;
pub use self::fault::{BehindEnd, Fault, ListFault};
pub use self::handle::SimulatorHandle;
pub use self::menu::MenuEntry;
pub use self::portal::{Person, Tickets};

use self::portal::Portal;

/// What a simulated portal starts with.
#[derive(Debug, Clone)]
pub struct SimulatorSettings {
    /// The address to listen on; port 0 stands for any free port.
    pub listen: SocketAddr,
    /// The clock that tickets expire by.
    pub clock: Arc<dyn Clock>,
    /// How long a ticket lives after it was issued or last redeemed.
    pub ticket_lifetime: TimeDelta,
    /// Whether every click gets its own ticket.
    pub tickets: Tickets,
    /// The query parameter that is appended to a menu entry's address.
    pub ticket_parameter: String,
    /// The users, in the order of the list.
    pub people: Vec<Person>,
    /// The entries of the menu.
    pub menu: Vec<MenuEntry>,
}

impl Default for SimulatorSettings {
    /// Any free loopback port, the system clock, a new ticket per click that lives half an hour, the
    /// users of the portal's documentation and an empty menu.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock: Arc::new(SystemClock),
            ticket_lifetime: TimeDelta::minutes(30),
            tickets: Tickets::PerClick,
            ticket_parameter: "ticket".to_owned(),
            people: vec![
                Person::new(1, "陈涛", "1822199904"),
                Person::new(2, "黑龙江", ""),
                Person::new(3, "新耀分公司", ""),
            ],
            menu: Vec::new(),
        }
    }
}

/// Starts simulated portals.
#[derive(Debug, Clone, Copy)]
pub struct Simulator;

impl Simulator {
    /// Starts a portal. It runs until its handle is stopped or dropped.
    ///
    /// # Errors
    ///
    /// When `settings.listen` cannot be listened on.
    pub async fn start(settings: SimulatorSettings) -> io::Result<SimulatorHandle> {
        let state = Arc::new(Simulated {
            portal: Mutex::new(Portal::new(
                settings.people,
                settings.tickets,
                settings.ticket_lifetime,
            )),
            menu: Mutex::new(settings.menu),
            calls: Mutex::new(Calls::default()),
            fault: Mutex::new(Fault::Healthy),
            clock: settings.clock,
            ticket_parameter: settings.ticket_parameter,
        });
        let router = Router::new()
            .merge(calls::router())
            .merge(menu::router())
            .with_state(state.clone());
        let line = line::Line::open(settings.listen, router).await?;
        SimulatorHandle::new(state, line)
    }
}

/// The state that the pages, the calls and the handle share.
struct Simulated {
    portal: Mutex<Portal>,
    menu: Mutex<Vec<MenuEntry>>,
    calls: Mutex<Calls>,
    fault: Mutex<Fault>,
    clock: Arc<dyn Clock>,
    ticket_parameter: String,
}

impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulated")
            .field("fault", &*lock(&self.fault))
            .finish_non_exhaustive()
    }
}

impl Simulated {
    /// Issues a ticket for `user`, as a click in the menu does.
    fn issue(&self, user: u64) -> String {
        lock(&self.portal).issue(user, self.clock.now())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
