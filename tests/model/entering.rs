//! The reference for tickets: whose they are, and whom they sign in.

use crate::step::{Door, Way};
use crate::world::{
    CONFIRMATION, Handles, Outcome, Presence, Question, SESSION, Session, TICKET, TICKET_MEMORY,
    Ticket, World,
};

impl World {
    /// The portal issues a ticket.
    pub fn issue_ticket(&mut self, person: usize) -> usize {
        self.tickets.push(Ticket {
            person,
            lives_until: self.now + TICKET,
            owner: None,
            remembered_until: 0,
            spent: false,
            session: None,
        });
        self.tickets.len() - 1
    }

    /// A browser presents a ticket.
    pub fn present(&mut self, ticket: usize, browser: usize, way: Way) -> Outcome {
        let person = self.tickets[ticket].person;
        self.note(&format!("ticket {ticket} of person {person}"));
        let current = self.signed_in(browser);
        // A reload of the page that opened the session changes nothing.
        if let Some(session) = current
            && self.sessions[session].ticket == ticket
        {
            return self.enter(session, way);
        }
        // A ticket belongs to the first browser that presents it, and not longer than its session.
        let handles = self.browsers[browser].handles.clone();
        if self.is_owned(ticket) && !self.may_use(ticket, handles.as_ref()) {
            return Outcome::Refused;
        }
        if !self.ask_the_portal(ticket) {
            return Outcome::Refused;
        }
        let handles = handles.unwrap_or_else(|| self.new_browser(current));
        // Nobody is replaced unasked.
        let replaces = current.is_some_and(|session| self.sessions[session].person != person);
        if replaces && !way.from_portal {
            return self.ask(ticket, browser, handles, way);
        }
        match self.sign_in(ticket, browser, handles) {
            Some(session) => self.enter(session, way),
            None => Outcome::Refused,
        }
    }

    /// The end user confirms the switch.
    pub fn confirm_switch(&mut self, browser: usize) -> Outcome {
        let Some(question) = self.browsers[browser].question.clone() else {
            return Outcome::Refused;
        };
        self.note(&format!("ticket {}", question.ticket));
        let Some(handles) = self.browsers[browser].handles.clone() else {
            return Outcome::Refused;
        };
        let is_recent = self.now - question.asked_at <= CONFIRMATION;
        let in_time = is_recent && self.is_past(question.asked_at);
        if !in_time || !handles.owners.contains(&question.owner) {
            return Outcome::Refused;
        }
        if self.sign_in(question.ticket, browser, handles).is_none() {
            return Outcome::Refused;
        }
        self.browsers[browser].question = None;
        Outcome::SignedIn
    }

    /// Strangers' browsers present a new ticket of `person` at the same moment.
    pub fn race(&mut self, person: usize) -> Outcome {
        let ticket = self.issue_ticket(person);
        self.note(&format!("ticket {ticket}"));
        self.portal_calls = None;
        if self.people[person].presence == Presence::Left {
            return Outcome::Refused;
        }
        let winner = self.new_browser(None);
        self.claim(ticket, &winner);
        self.tickets[ticket].session = Some(self.begin_session(ticket, winner.agent));
        Outcome::OneSignedIn
    }

    /// A client exchanges a ticket that the portal sent to it. Then the ticket belongs to the client.
    pub fn exchange(&mut self, ticket: usize) -> Outcome {
        let person = self.tickets[ticket].person;
        self.note(&format!("ticket {ticket} of person {person}"));
        let client = Handles {
            // The client serves many people at once, each in a place of their own.
            agent: usize::MAX - person,
            owners: vec![usize::MAX],
        };
        if self.is_owned(ticket) && !self.may_use(ticket, Some(&client)) {
            return Outcome::Refused;
        }
        let opened = self.tickets[ticket].session;
        let opened = opened.filter(|session| self.is_owned(ticket) && self.is_live(*session));
        let session = if let Some(session) = opened {
            session
        } else {
            let is_person = self.ask_the_portal(ticket);
            let left = self.people[person].presence == Presence::Left;
            if !is_person || left || !self.claim(ticket, &client) {
                return Outcome::Refused;
            }
            let session = self.begin_session(ticket, client.agent);
            self.tickets[ticket].session = Some(session);
            session
        };
        self.grant_exchanged(session);
        Outcome::Tokens
    }

    /// The session that the browser has now is used for what the URL was for.
    fn enter(&mut self, session: usize, way: Way) -> Outcome {
        match way.door {
            Door::Launch => Outcome::SignedIn,
            Door::Authorize(client) => self.issue_code(session, client),
        }
    }

    /// The switch waits in the browser, which owns the ticket meanwhile.
    fn ask(&mut self, ticket: usize, browser: usize, handles: Handles, way: Way) -> Outcome {
        if !self.claim(ticket, &handles) {
            return Outcome::Refused;
        }
        let question = Question {
            ticket,
            owner: handles.owner(),
            asked_at: self.now,
        };
        self.browsers[browser].handles = Some(handles);
        match way.door {
            Door::Launch => {
                self.browsers[browser].question = Some(question);
                Outcome::Asked
            }
            // `prompt=none` forbids to ask.
            Door::Authorize(_) => Outcome::Refused,
        }
    }

    /// Signs the person of the ticket in at the browser. `None` if they are refused.
    fn sign_in(&mut self, ticket: usize, browser: usize, handles: Handles) -> Option<usize> {
        let person = self.tickets[ticket].person;
        let current = self.signed_in(browser);
        let continued = current.filter(|session| self.sessions[*session].person == person);
        let handles = match continued {
            Some(_) => handles,
            None => handles.rotated(self.new_handle()),
        };
        // A leaver is nowhere.
        if self.people[person].presence == Presence::Left || !self.claim(ticket, &handles) {
            return None;
        }
        for session in 0..self.sessions.len() {
            let other = &self.sessions[session];
            if other.agent == handles.agent && other.person != person {
                self.end(session);
            }
        }
        let continued = continued.or_else(|| self.live_session(person, handles.agent));
        let session = match continued {
            Some(session) => {
                let continued = &mut self.sessions[session];
                continued.ticket = ticket;
                continued.agent = handles.agent;
                continued.signed_in_at = self.now;
                continued.expires_at = self.now + SESSION;
                session
            }
            None => self.begin_session(ticket, handles.agent),
        };
        self.tickets[ticket].session = Some(session);
        self.browsers[browser].session = Some(session);
        self.browsers[browser].handles = Some(handles);
        self.note(&format!("session {session}"));
        Some(session)
    }

    /// A browser without a session cookie continues the live session of the same person, also if a clock
    /// that was ahead has dated it.
    fn live_session(&self, person: usize, agent: usize) -> Option<usize> {
        let is_here = |session: &usize| {
            let one = &self.sessions[*session];
            let has_time = one.kept && one.expires_at > self.now;
            has_time && one.person == person && one.agent == agent
        };
        let here = (0..self.sessions.len()).filter(is_here);
        here.max_by_key(|session| self.sessions[*session].signed_in_at)
    }

    fn begin_session(&mut self, ticket: usize, agent: usize) -> usize {
        self.sessions.push(Session {
            person: self.tickets[ticket].person,
            agent,
            ticket,
            signed_in_at: self.now,
            expires_at: self.now + SESSION,
            kept: true,
        });
        self.sessions.len() - 1
    }

    /// Handles for a browser that has none; its session, if it has one, stays where it is.
    fn new_browser(&mut self, session: Option<usize>) -> Handles {
        let agent = match session {
            Some(session) => self.sessions[session].agent,
            None => self.new_handle(),
        };
        Handles {
            agent,
            owners: vec![self.new_handle()],
        }
    }

    /// Whether the provider remembers an owner of the ticket.
    fn is_owned(&self, ticket: usize) -> bool {
        let ticket = &self.tickets[ticket];
        ticket.owner.is_some() && ticket.remembered_until > self.now
    }

    /// Whether the owner of the ticket is this browser, and may still use it.
    fn may_use(&self, ticket: usize, handles: Option<&Handles>) -> bool {
        let ticket = &self.tickets[ticket];
        let owner = ticket.owner.zip(handles);
        !ticket.spent && owner.is_some_and(|(owner, handles)| handles.owners.contains(&owner))
    }

    /// Makes the browser the owner of the ticket. `false` if it belongs to another or is spent.
    fn claim(&mut self, ticket: usize, handles: &Handles) -> bool {
        if !self.is_owned(ticket) {
            self.tickets[ticket].session = None;
        } else if !self.may_use(ticket, Some(handles)) {
            return false;
        }
        let until = self.now + TICKET_MEMORY;
        let ticket = &mut self.tickets[ticket];
        ticket.owner = Some(handles.owner());
        ticket.spent = false;
        ticket.remembered_until = ticket.remembered_until.max(until);
        true
    }

    /// Whether the portal accepts the ticket. Asking prolongs its life.
    fn ask_the_portal(&mut self, ticket: usize) -> bool {
        self.portal_calls = Some(1);
        let ticket = &mut self.tickets[ticket];
        let accepted = ticket.lives_until > self.now;
        if accepted {
            ticket.lives_until = self.now + TICKET;
        }
        accepted
    }
}
