//! The reference for logouts, leavers and what is swept away.

use crate::step::{Ending, Newest};
use crate::world::{BACKEND, OFFLINE, Outcome, Presence, SESSION_RETENTION, World};

impl World {
    /// Ends a session. Its tickets are spent, and its offline grants revoked.
    pub fn end(&mut self, session: usize) {
        if !self.sessions[session].kept {
            return;
        }
        self.sessions[session].kept = false;
        for ticket in &mut self.tickets {
            ticket.spent |= ticket.session == Some(session);
        }
        for grant in &mut self.grants {
            grant.revoked |= grant.session == session && grant.client == OFFLINE;
        }
    }

    /// Ends a session, and the earlier ones of its person in its browser.
    fn sign_out(&mut self, session: usize) {
        let ended = self.sessions[session].clone();
        if !ended.kept {
            return;
        }
        for earlier in 0..self.sessions.len() {
            let other = &self.sessions[earlier];
            let is_theirs = other.agent == ended.agent && other.person == ended.person;
            if is_theirs && other.signed_in_at < ended.signed_in_at {
                self.end(earlier);
            }
        }
        self.end(session);
    }

    /// The session that a logout in the browser is about: the live one, or else the last one.
    fn to_sign_out(&self, browser: usize) -> Option<usize> {
        self.signed_in(browser).or_else(|| {
            let agent = self.browsers[browser].handles.as_ref()?.agent;
            let sessions = self.sessions.iter().enumerate();
            let kept = sessions.filter(|(_, session)| session.kept && session.agent == agent);
            let last = kept.max_by_key(|(_, session)| session.signed_in_at);
            last.map(|(session, _)| session)
        })
    }

    /// The end user signs out, and confirms it.
    pub fn logout(&mut self, browser: usize) -> Outcome {
        if let Some(session) = self.to_sign_out(browser) {
            self.note(&format!("session {session}"));
            self.sign_out(session);
        }
        self.forget_session(browser)
    }

    /// A logout with an ID token: the holder may end its session, and no other.
    pub fn logout_with_hint(&mut self, grant: Newest, browser: Option<usize>) -> Outcome {
        let Some(grant) = grant.of(self.grants.len()) else {
            return Outcome::Nothing;
        };
        if !self.grants[grant].has_tokens || self.grants[grant].client == BACKEND {
            return Outcome::Nothing;
        }
        let session = self.grants[grant].session;
        self.note(&format!("session {session}"));
        let current = browser.and_then(|browser| self.to_sign_out(browser));
        self.sign_out(session);
        match browser {
            None => Outcome::SignedOut,
            Some(_) if current.is_some_and(|current| current != session) => Outcome::Asked,
            Some(browser) => self.forget_session(browser),
        }
    }

    /// Sessions end while requests of them arrive. Whoever was first, the end is the same.
    pub fn end_meanwhile(&mut self, ending: Ending) -> Outcome {
        self.portal_calls = None;
        match ending {
            Ending::Logout { browser } => self.logout(browser),
            Ending::Switch { browser } => self.confirm_switch(browser),
            Ending::Reading => {
                self.read_directory();
                Outcome::SignedOut
            }
        }
    }

    /// The browser loses the cookies of its session.
    fn forget_session(&mut self, browser: usize) -> Outcome {
        self.browsers[browser].session = None;
        self.browsers[browser].question = None;
        Outcome::SignedOut
    }

    /// The provider reads the portal's list. Who is missing twice has left.
    pub fn read_directory(&mut self) {
        for person in 0..self.people.len() {
            let one = &mut self.people[person];
            one.presence = match (one.listed, one.presence) {
                (true, _) => Presence::Listed,
                (false, Presence::Listed) => Presence::Absent,
                (false, _) => Presence::Left,
            };
            if one.presence == Presence::Left {
                self.end_all_of(person);
            }
        }
    }

    fn end_all_of(&mut self, person: usize) {
        for session in 0..self.sessions.len() {
            if self.sessions[session].person == person {
                self.end(session);
            }
        }
    }

    /// What has expired is removed. That must change nothing that anyone can see.
    pub fn sweep(&mut self) {
        let now = self.now;
        for grant in &mut self.grants {
            grant.kept &= grant.expires_at > now;
            if let Some(family) = &mut grant.family {
                family.kept &= family.expires_at > now;
            }
        }
        for ticket in &mut self.tickets {
            if ticket.remembered_until <= now {
                ticket.owner = None;
                ticket.remembered_until = 0;
            }
        }
        for session in 0..self.sessions.len() {
            let has_offline_grant = self
                .grants
                .iter()
                .any(|grant| grant.kept && grant.session == session && grant.client == OFFLINE);
            let is_old = self.sessions[session].expires_at + SESSION_RETENTION <= now;
            self.sessions[session].kept &= !is_old || has_offline_grant;
        }
    }
}
