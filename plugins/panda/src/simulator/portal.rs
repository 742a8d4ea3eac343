//! The portal's people and tickets. This module has no network and no clock of its own.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use chrono::{DateTime, TimeDelta, Utc};

/// A user of the portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The `id`.
    pub id: u64,
    /// The `userName`.
    pub name: String,
    /// The `phone`. It is empty for a user without one, as in the portal's documentation.
    pub phone: String,
}

impl Person {
    /// A user with these attributes.
    pub fn new(id: u64, name: impl Into<String>, phone: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            phone: phone.into(),
        }
    }
}

/// How tickets are issued. The portal's documentation does not say which way it uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tickets {
    /// Every click gets a new ticket.
    #[default]
    PerClick,
    /// All clicks of a user get the same ticket until it expires.
    PerSession,
}

struct Entry {
    person: Person,
    /// Whether `GetUsers` lists the person. A suspended user is not listed.
    listed: bool,
}

struct Issued {
    user: u64,
    expires: DateTime<Utc>,
}

pub(super) struct Portal {
    people: Vec<Entry>,
    issued: HashMap<String, Issued>,
    tickets: Tickets,
    lifetime: TimeDelta,
    /// Randomly keyed hashers, so that the hash of the counter cannot be guessed.
    hashers: [RandomState; 2],
    count: u64,
}

impl Portal {
    pub(super) fn new(people: Vec<Person>, tickets: Tickets, lifetime: TimeDelta) -> Self {
        let mut portal = Self {
            people: Vec::new(),
            issued: HashMap::new(),
            tickets,
            lifetime,
            hashers: [RandomState::new(), RandomState::new()],
            count: 0,
        };
        for person in people {
            portal.add(person);
        }
        portal
    }

    pub(super) fn add(&mut self, person: Person) {
        let entry = Entry {
            listed: true,
            person,
        };
        match self.position(entry.person.id) {
            Some(position) => self.people[position] = entry,
            None => self.people.push(entry),
        }
    }

    pub(super) fn rename(&mut self, user: u64, name: String) {
        if let Some(position) = self.position(user) {
            self.people[position].person.name = name;
        }
    }

    pub(super) fn suspend(&mut self, user: u64) {
        if let Some(position) = self.position(user) {
            self.people[position].listed = false;
        }
    }

    pub(super) fn remove(&mut self, user: u64) {
        self.people.retain(|entry| entry.person.id != user);
        self.issued.retain(|_, issued| issued.user != user);
    }

    pub(super) fn person(&self, user: u64) -> Option<&Person> {
        self.position(user)
            .map(|position| &self.people[position].person)
    }

    /// One page of the listed people who match `keyword`, with their number over all pages.
    pub(super) fn list(&self, keyword: &str, number: usize, size: usize) -> (usize, Vec<&Person>) {
        let matches =
            |person: &Person| person.name.contains(keyword) || person.phone.contains(keyword);
        let matching = || {
            self.people
                .iter()
                .filter(|entry| entry.listed && matches(&entry.person))
        };
        let skipped = number.saturating_sub(1).saturating_mul(size);
        let page = matching().skip(skipped).take(size);
        (
            matching().count(),
            page.map(|entry| &entry.person).collect(),
        )
    }

    pub(super) fn issue(&mut self, user: u64, now: DateTime<Utc>) -> String {
        if self.tickets == Tickets::PerSession
            && let Some(ticket) = self.live_ticket(user, now)
        {
            return ticket;
        }
        self.count += 1;
        let [high, low] = &self.hashers;
        let ticket = format!(
            "{:016x}{:016x}",
            high.hash_one(self.count),
            low.hash_one(self.count)
        );
        self.plant(ticket.clone(), user, now);
        ticket
    }

    pub(super) fn plant(&mut self, ticket: String, user: u64, now: DateTime<Utc>) {
        // Expired tickets are dropped now and then, so that a long demonstration does not fill the
        // memory.
        if self.issued.len().is_multiple_of(1024) {
            self.issued.retain(|_, issued| issued.expires > now);
        }
        let expires = now + self.lifetime;
        self.issued.insert(ticket, Issued { user, expires });
    }

    /// The person `ticket` was issued for, unless it has expired. The call extends the ticket's life.
    pub(super) fn redeem(&mut self, ticket: &str, now: DateTime<Utc>) -> Option<&Person> {
        let issued = self.issued.get_mut(ticket)?;
        if issued.expires <= now {
            return None;
        }
        let user = issued.user;
        issued.expires = now + self.lifetime;
        self.person(user)
    }

    pub(super) fn expire(&mut self) {
        self.issued.clear();
    }

    fn live_ticket(&self, user: u64, now: DateTime<Utc>) -> Option<String> {
        self.issued
            .iter()
            .find(|(_, issued)| issued.user == user && issued.expires > now)
            .map(|(ticket, _)| ticket.clone())
    }

    fn position(&self, user: u64) -> Option<usize> {
        self.people.iter().position(|entry| entry.person.id == user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;
    const LIFETIME: TimeDelta = TimeDelta::minutes(30);

    fn portal(tickets: Tickets) -> Portal {
        let people = vec![
            Person::new(1, "陈涛", "1822199904"),
            Person::new(2, "黑龙江", ""),
        ];
        Portal::new(people, tickets, LIFETIME)
    }

    #[test]
    fn each_call_extends_a_tickets_life() {
        let mut portal = portal(Tickets::PerClick);
        let ticket = portal.issue(1, NOW);
        let mut now = NOW;
        for _ in 0..10 {
            now += LIFETIME - TimeDelta::seconds(1);
            assert!(portal.redeem(&ticket, now).is_some());
        }
        assert!(portal.redeem(&ticket, now + LIFETIME).is_none());
    }

    #[test]
    fn every_click_gets_its_own_ticket() {
        let mut portal = portal(Tickets::PerClick);
        assert_ne!(portal.issue(1, NOW), portal.issue(1, NOW));
    }

    #[test]
    fn per_session_clicks_share_a_ticket_until_it_expires() {
        let mut portal = portal(Tickets::PerSession);
        let ticket = portal.issue(1, NOW);
        assert_eq!(portal.issue(1, NOW), ticket);
        assert_ne!(portal.issue(2, NOW), ticket);
        assert_ne!(portal.issue(1, NOW + LIFETIME), ticket);
    }

    #[test]
    fn a_suspended_user_is_not_listed_and_keeps_their_tickets() {
        let mut portal = portal(Tickets::PerClick);
        let ticket = portal.issue(1, NOW);
        portal.suspend(1);
        assert_eq!(portal.list("", 1, 25).0, 1);
        assert!(portal.redeem(&ticket, NOW).is_some());
    }

    #[test]
    fn a_removed_users_tickets_stay_invalid_after_their_return() {
        let mut portal = portal(Tickets::PerClick);
        let ticket = portal.issue(1, NOW);
        portal.remove(1);
        portal.add(Person::new(1, "陈涛", ""));
        assert!(portal.redeem(&ticket, NOW).is_none());
    }

    #[test]
    fn a_keyword_finds_names_and_phones() {
        let portal = portal(Tickets::PerClick);
        assert_eq!(portal.list("龙", 1, 25).1[0].id, 2);
        assert_eq!(portal.list("1822", 1, 25).1[0].id, 1);
        assert_eq!(portal.list("nobody", 1, 25), (0, vec![]));
    }
}
