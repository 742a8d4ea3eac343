//! The two documented calls, and the record of who made them.

use std::collections::{HashMap, VecDeque};
use std::future::pending;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;

use super::portal::Portal;
use super::{Fault, ListFault, Person, Simulated, held, reply};

/// How many tickets are remembered.
const MEMORY: usize = 100;

/// What a simulated portal was asked. Calls that were never heard, because it was
/// [`Fault::Dead`] or [`Fault::Cut`], are not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calls {
    /// How often `GetUserByTicket` was called.
    pub user_by_ticket: usize,
    /// How often `GetUsers` was called.
    pub users: usize,
    /// The tickets of the last hundred calls of `GetUserByTicket`, the newest at the end.
    pub tickets: VecDeque<String>,
}

type Asked = Query<HashMap<String, String>>;

pub(super) fn router() -> Router<Arc<Simulated>> {
    Router::new()
        .route("/PandaOMS/OMS/GetUserByTicket", get(user_by_ticket))
        .route("/PandaOMS/OMS/GetUsers", get(users))
}

async fn user_by_ticket(State(state): State<Arc<Simulated>>, Query(asked): Asked) -> Response {
    let ticket = asked.get("ticket").cloned().unwrap_or_default();
    held(&state.calls).note(ticket.clone());
    let fault = condition(&state).await;
    reply::to_ticket(whose(&state, &ticket, &fault).as_ref(), &fault)
}

async fn users(State(state): State<Arc<Simulated>>, Query(asked): Asked) -> Response {
    held(&state.calls).users += 1;
    let fault = condition(&state).await;
    let (Some(number), Some(size)) = (
        positive(&asked, "pageIndex", 1),
        positive(&asked, "pageSize", 25),
    ) else {
        return reply::to_bad_page(&fault);
    };
    let keyword = asked.get("keyword").map_or("", String::as_str);
    let portal = held(&state.portal);
    let Fault::List(odd) = fault else {
        let (count, people) = portal.list(keyword, number, size);
        return reply::to_page(count, &people, &fault);
    };
    oddly(&portal, keyword, number, size, odd)
}

/// A page of a list that is odd.
fn oddly(portal: &Portal, keyword: &str, number: usize, size: usize, odd: ListFault) -> Response {
    let skipped = (number - 1).saturating_mul(size);
    let (count, page) = match odd {
        ListFault::Only(most) => {
            let (count, mut page) = portal.list(keyword, number, size);
            page.truncate(most.saturating_sub(skipped));
            (count.min(most), page)
        }
        ListFault::Count(count) => (count, portal.list(keyword, number, size).1),
        ListFault::PageCap(cap) => portal.list(keyword, number, size.min(cap)),
        ListFault::PageCapOnly(cap) => {
            let (count, mut page) = portal.list(keyword, number, size);
            page.truncate(cap);
            (count, page)
        }
        ListFault::Refuses(most) if size > most => return reply::to_bad_page(&Fault::Healthy),
        ListFault::FailsAfter(last) if number > last => {
            return reply::to_bad_page(&Fault::Status(500));
        }
        ListFault::Refuses(_) | ListFault::FailsAfter(_) => portal.list(keyword, number, size),
        ListFault::Overlaps => {
            let (count, all) = portal.list(keyword, 1, usize::MAX);
            let (from, to) = (
                skipped.saturating_sub(number - 1),
                skipped + size - (number - 1),
            );
            let page = all.get(from..to.min(all.len())).unwrap_or_default();
            (count, page.to_vec())
        }
        ListFault::FirstPage => portal.list(keyword, 1, size),
    };
    reply::to_page(count, &page, &Fault::Healthy)
}

/// The fault to answer with; never, when it is not to answer.
async fn condition(state: &Simulated) -> Fault {
    let fault = held(&state.fault).clone();
    if fault == Fault::Hang {
        pending::<()>().await;
    }
    fault
}

fn whose(state: &Simulated, ticket: &str, fault: &Fault) -> Option<Person> {
    let mut portal = held(&state.portal);
    let person = portal.redeem(ticket, state.clock.now()).cloned()?;
    match fault {
        Fault::OtherUser(other) => portal.person(*other).cloned(),
        _ => Some(person),
    }
}

fn positive(asked: &HashMap<String, String>, name: &str, otherwise: usize) -> Option<usize> {
    match asked.get(name) {
        Some(text) => text.parse().ok().filter(|number| *number > 0),
        None => Some(otherwise),
    }
}

impl Calls {
    fn note(&mut self, ticket: String) {
        self.user_by_ticket += 1;
        if self.tickets.len() == MEMORY {
            self.tickets.pop_front();
        }
        self.tickets.push_back(ticket);
    }
}
