//! The two documented calls, and a record of the calls that were made.

use std::collections::{HashMap, VecDeque};
use std::future::pending;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;

use super::portal::Portal;
use super::{Fault, ListFault, Person, Simulated, lock, reply};

/// How many tickets the record keeps.
const MAX_TICKETS: usize = 100;

/// The calls a simulated portal received. A call that never reached it, because of [`Fault::Dead`]
/// or [`Fault::Cut`], is not counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calls {
    /// How often `GetUserByTicket` was called.
    pub user_by_ticket: usize,
    /// How often `GetUsers` was called.
    pub users: usize,
    /// The tickets of the last hundred calls of `GetUserByTicket`, the newest last.
    pub tickets: VecDeque<String>,
}

type QueryParams = Query<HashMap<String, String>>;

pub(super) fn router() -> Router<Arc<Simulated>> {
    Router::new()
        .route("/PandaOMS/OMS/GetUserByTicket", get(user_by_ticket))
        .route("/PandaOMS/OMS/GetUsers", get(users))
}

async fn user_by_ticket(
    State(state): State<Arc<Simulated>>,
    Query(query): QueryParams,
) -> Response {
    let ticket = query.get("ticket").cloned().unwrap_or_default();
    lock(&state.calls).record(ticket.clone());
    let fault = current_fault(&state).await;
    if fault == Fault::HangsAt(ticket.clone()) {
        pending::<()>().await;
    }
    reply::to_ticket(redeem(&state, &ticket, &fault).as_ref(), &fault)
}

async fn users(State(state): State<Arc<Simulated>>, Query(query): QueryParams) -> Response {
    lock(&state.calls).users += 1;
    let fault = current_fault(&state).await;
    let (Some(number), Some(size)) = (
        positive(&query, "pageIndex", 1),
        positive(&query, "pageSize", 25),
    ) else {
        return reply::to_bad_page(&fault);
    };
    let keyword = query.get("keyword").map_or("", String::as_str);
    let portal = lock(&state.portal);
    let Fault::List(list_fault) = fault else {
        let (count, people) = portal.list(keyword, number, size);
        return reply::to_page(count, &people, &fault);
    };
    faulty_page(&portal, keyword, number, size, list_fault)
}

/// A page of a faulty list.
fn faulty_page(
    portal: &Portal,
    keyword: &str,
    number: usize,
    size: usize,
    list_fault: ListFault,
) -> Response {
    let skipped = (number - 1).saturating_mul(size);
    let (count, page) = match list_fault {
        ListFault::Only(max) => {
            let (count, mut page) = portal.list(keyword, number, size);
            page.truncate(max.saturating_sub(skipped));
            (count.min(max), page)
        }
        ListFault::Count(count) => (count, portal.list(keyword, number, size).1),
        ListFault::PageCap(cap) => portal.list(keyword, number, size.min(cap)),
        ListFault::PageCapOnly(cap) => {
            let (count, mut page) = portal.list(keyword, number, size);
            page.truncate(cap);
            (count, page)
        }
        ListFault::Refuses(max) if size > max => return reply::to_bad_page(&Fault::Healthy),
        ListFault::FailsAfter(last) if number > last => {
            return reply::to_bad_page(&Fault::Status(500));
        }
        ListFault::Refuses(_) | ListFault::FailsAfter(_) => portal.list(keyword, number, size),
        ListFault::Behind(answer) => {
            let (count, page) = portal.list(keyword, number, size);
            if page.is_empty() {
                let (_, last) = portal.list(keyword, number - 1, size);
                return reply::behind_the_end(count, &last, answer);
            }
            (count, page)
        }
        ListFault::CountJson(json) => {
            let (count, page) = portal.list(keyword, number, size);
            return reply::to_page_with_count(&json.replace('N', &count.to_string()), &page);
        }
        ListFault::Endless => {
            let person = |id: usize| Person::new(id as u64, format!("用户{id}"), "");
            let people: Vec<_> = (skipped + 1..=skipped + size).map(person).collect();
            let page: Vec<_> = people.iter().collect();
            return reply::to_page(3, &page, &Fault::Healthy);
        }
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

/// The fault to answer with. It never returns for [`Fault::Hang`].
async fn current_fault(state: &Simulated) -> Fault {
    let fault = lock(&state.fault).clone();
    if fault == Fault::Hang {
        pending::<()>().await;
    }
    fault
}

fn redeem(state: &Simulated, ticket: &str, fault: &Fault) -> Option<Person> {
    let mut portal = lock(&state.portal);
    let person = portal.redeem(ticket, state.clock.now()).cloned()?;
    match fault {
        Fault::OtherUser(other) => portal.person(*other).cloned(),
        _ => Some(person),
    }
}

fn positive(query: &HashMap<String, String>, name: &str, default: usize) -> Option<usize> {
    match query.get(name) {
        Some(text) => text.parse().ok().filter(|number| *number > 0),
        None => Some(default),
    }
}

impl Calls {
    fn record(&mut self, ticket: String) {
        self.user_by_ticket += 1;
        if self.tickets.len() == MAX_TICKETS {
            self.tickets.pop_front();
        }
        self.tickets.push_back(ticket);
    }
}
