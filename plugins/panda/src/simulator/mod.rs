//! A portal to try things on: the two calls as they are documented, a menu to click in, and every
//! way a portal was seen to fail.
//!
//! It owns what a portal has: people, tickets, a menu and a socket. What is under test asks it over
//! HTTP like the real one; the [`SimulatorHandle`] is how a test or a demonstration changes it and
//! sees what it was asked. It is no portal to put on a network: whoever opens it is whom they say.

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
pub use self::fault::{Fault, ListFault};
pub use self::handle::SimulatorHandle;
pub use self::menu::MenuEntry;
pub use self::portal::{Person, Tickets};

use self::portal::Portal;

/// What a simulated portal starts with.
#[derive(Debug, Clone)]
pub struct SimulatorSettings {
    /// Where it listens; port 0 is any free one.
    pub listen: SocketAddr,
    /// What tickets age by.
    pub clock: Arc<dyn Clock>,
    /// How long a ticket lives, from when it was issued or last asked about.
    pub ticket_lifetime: TimeDelta,
    /// Whether a click gets a ticket of its own.
    pub tickets: Tickets,
    /// The query parameter that is appended to a menu entry's address.
    pub ticket_parameter: String,
    /// Who there is, in the order of the list.
    pub people: Vec<Person>,
    /// What the menu offers.
    pub menu: Vec<MenuEntry>,
}

impl Default for SimulatorSettings {
    /// Any port of this machine, the machine's clock, half an hour for a ticket and one ticket per
    /// click, the people of the portal's document and an empty menu.
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
    /// Starts one. It runs until its handle is stopped or dropped.
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

/// What the pages, the calls and the handle share.
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
            .field("fault", &*held(&self.fault))
            .finish_non_exhaustive()
    }
}

impl Simulated {
    /// A ticket for `user`, as a click of theirs gets it.
    fn issue(&self, user: u64) -> String {
        held(&self.portal).issue(user, self.clock.now())
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
