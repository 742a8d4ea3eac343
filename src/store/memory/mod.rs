//! The store in memory, for tests and demonstrations: it keeps every promise but to outlive the
//! process.

mod deliveries;
mod grants;
mod links;
mod people;
mod refresh_tokens;
mod roll;
mod spent;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use openidconnect::ClientId;
use panda_oidc_sdk::Subject;

use self::deliveries::{Name, Queued};
use self::grants::Issued;
use self::people::Directory;
use self::refresh_tokens::Kin;
use super::{RUN_OUT_KEPT, SealedKeys, Sessions, StoreError, Upkeep};
use crate::crypto::handle::Digest;
use crate::keys::SealedKey;
use crate::links::Place;
use crate::login::sign_in::{Claim, Ownership, SignIn, SignInOutcome};
use crate::people::Link;
use crate::session::{EndedSession, Farewell, Session, SessionId, User};

type Time = DateTime<Utc>;

/// Everything the product keeps, until the process ends.
#[derive(Default)]
pub struct MemoryStore(Mutex<Kept>);

/// What the tables of a database would hold.
#[derive(Default)]
struct Kept {
    closed: bool,
    users: HashMap<Subject, User>,
    /// Each with its user as of its last sign-in; `users` knows better.
    sessions: HashMap<SessionId, Session>,
    /// The browser each session is in.
    browsers: HashMap<SessionId, Digest>,
    handles: HashMap<Digest, Opens>,
    tickets: HashMap<Digest, Ticket>,
    grants: HashMap<Digest, Issued>,
    families: HashMap<Digest, Kin>,
    session_clients: BTreeSet<(SessionId, String)>,
    /// Until when each name is spent.
    spent: HashMap<Digest, Time>,
    links: BTreeMap<Place, Link>,
    deliveries: HashMap<Name, Queued>,
    keys: Vec<SealedKey>,
    directory: Directory,
}

/// What a handle opens. Without an `until`, as long as the session lives.
struct Opens {
    sid: SessionId,
    until: Option<Time>,
}

struct Ticket {
    owner: Ownership,
    subject: Subject,
    sid: Option<SessionId>,
    expires_at: Time,
}

/// The source of errors after [`Upkeep::close`].
#[derive(Debug, thiserror::Error)]
#[error("it is closed")]
struct Closed;

impl MemoryStore {
    /// Everything, for one step; the lock makes it all or nothing.
    fn step(&self, step: &'static str) -> Result<MutexGuard<'_, Kept>, StoreError> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.closed {
            let source = Box::new(Closed);
            return Err(StoreError { step, source });
        }
        Ok(kept)
    }
}

impl Kept {
    fn session(&self, sid: &SessionId, now: Time) -> Option<Session> {
        let session = self.sessions.get(sid).filter(|s| s.expires_at > now)?;
        let user = self.users.get(session.user.subject())?.clone();
        Some(Session {
            user,
            ..session.clone()
        })
    }

    fn claim(&mut self, claim: &Claim, now: Time) -> bool {
        let owner = Ownership {
            browser: claim.browser,
            spent: false,
        };
        match self.tickets.get_mut(&claim.ticket) {
            Some(ticket) if ticket.expires_at > now => {
                if claim.once || ticket.owner != owner || ticket.subject != claim.subject {
                    return false;
                }
                ticket.expires_at = ticket.expires_at.max(claim.remember_until);
            }
            _ => {
                let ticket = Ticket {
                    owner,
                    subject: claim.subject.clone(),
                    sid: None,
                    expires_at: claim.remember_until,
                };
                self.tickets.insert(claim.ticket, ticket);
            }
        }
        true
    }

    fn sign_in(&mut self, asked: SignIn, now: Time) -> SignInOutcome {
        if self.directory.has_left(asked.session.user.subject()) {
            return SignInOutcome::Left;
        }
        if let Some(claim) = &asked.claim
            && !self.claim(claim, now)
        {
            return SignInOutcome::TicketRefused;
        }
        let ended = self.take_over(&asked);
        let mut session = asked.session;
        session.user = self.remember(session.user);
        if let Some(sid) = asked.continues
            && let Some(lives) = self.session(&sid, now)
            && lives.user.subject() == session.user.subject()
        {
            session.sid = sid;
        }
        let opens = Opens {
            sid: session.sid.clone(),
            until: None,
        };
        self.handles.insert(asked.handle, opens);
        if let Some((handle, until)) = asked.retires
            && let Some(old) = self.handles.get_mut(&handle)
        {
            old.until = Some(old.until.map_or(until, |earlier| earlier.min(until)));
        }
        if let Some(claim) = &asked.claim
            && let Some(ticket) = self.tickets.get_mut(&claim.ticket)
        {
            ticket.sid = Some(session.sid.clone());
        }
        self.browsers.insert(session.sid.clone(), asked.takes_over);
        self.sessions.insert(session.sid.clone(), session.clone());
        SignInOutcome::SignedIn(Box::new(session), ended)
    }

    fn remember(&mut self, user: User) -> User {
        let known = self.users.entry(user.identity.subject.clone());
        let known = known.or_insert_with(|| user.clone());
        if known.identity != user.identity {
            *known = user;
        }
        known.clone()
    }

    fn take_over(&mut self, asked: &SignIn) -> Vec<EndedSession> {
        let (browser, subject) = (&asked.takes_over, asked.session.user.subject());
        let in_browser = self.sessions.values().filter(|session| {
            self.browsers.get(&session.sid) == Some(browser) && session.user.subject() != subject
        });
        let others: Vec<_> = in_browser.map(|session| session.sid.clone()).collect();
        let end = |sid| self.end(sid, &asked.farewell);
        others.iter().filter_map(end).collect()
    }

    fn end(&mut self, sid: &SessionId, farewell: &Farewell) -> Option<EndedSession> {
        let session = self.sessions.get(sid)?.clone();
        for ticket in self.tickets.values_mut() {
            ticket.owner.spent |= ticket.sid.as_ref() == Some(sid);
        }
        for issued in self.grants.values_mut() {
            issued.revoked |= issued.grant.sid == *sid && issued.grant.is_offline();
        }
        let clients = self.session_clients.iter().filter(|(of, _)| of == sid);
        let clients: Vec<_> = clients.map(|(_, id)| ClientId::new(id.clone())).collect();
        self.forget_session(sid);
        let subject = session.user.identity.subject;
        let leased = self.queue(farewell.deliveries(sid, &subject, &clients));
        Some(EndedSession {
            sid: sid.clone(),
            subject,
            clients,
            leased,
        })
    }

    fn forget_session(&mut self, sid: &SessionId) {
        self.sessions.remove(sid);
        self.browsers.remove(sid);
        self.handles.retain(|_, opens| opens.sid != *sid);
        self.session_clients.retain(|(of, _)| of != sid);
    }

    fn rows(&self) -> usize {
        self.sessions.len()
            + self.handles.len()
            + self.tickets.len()
            + self.grants.len()
            + self.families.len()
            + self.session_clients.len()
            + self.spent.len()
    }
}

#[async_trait]
impl Sessions for MemoryStore {
    async fn session(&self, handle: &Digest, now: Time) -> Result<Option<Session>, StoreError> {
        let kept = self.step("find a session")?;
        let opens = kept.handles.get(handle);
        let opens = opens.filter(|opens| opens.until.is_none_or(|until| until > now));
        Ok(opens.and_then(|opens| kept.session(&opens.sid, now)))
    }

    async fn owner(&self, ticket: &Digest, now: Time) -> Result<Option<Ownership>, StoreError> {
        let kept = self.step("find who owns a ticket")?;
        let ticket = kept.tickets.get(ticket).filter(|t| t.expires_at > now);
        Ok(ticket.map(|ticket| ticket.owner))
    }

    async fn opened_by(&self, ticket: &Digest, now: Time) -> Result<Option<Session>, StoreError> {
        let kept = self.step("find what a ticket opened")?;
        let ticket = kept.tickets.get(ticket).filter(|t| t.expires_at > now);
        Ok(ticket
            .and_then(|ticket| ticket.sid.as_ref())
            .and_then(|sid| kept.session(sid, now)))
    }

    async fn sign_in(&self, asked: SignIn, now: Time) -> Result<SignInOutcome, StoreError> {
        Ok(self.step("sign somebody in")?.sign_in(asked, now))
    }

    async fn claim(&self, claim: Claim, now: Time) -> Result<bool, StoreError> {
        Ok(self.step("claim a ticket")?.claim(&claim, now))
    }

    async fn end(
        &self,
        sid: &SessionId,
        farewell: &Farewell,
    ) -> Result<Option<EndedSession>, StoreError> {
        Ok(self.step("end a session")?.end(sid, farewell))
    }
}

#[async_trait]
impl SealedKeys for MemoryStore {
    async fn keys(&self) -> Result<Vec<SealedKey>, StoreError> {
        Ok(self.step("read the signing keys")?.keys.clone())
    }

    async fn keep_first(&self, key: SealedKey) -> Result<SealedKey, StoreError> {
        let mut kept = self.step("keep a signing key")?;
        if let Some(first) = kept.keys.iter().find(|kept| kept.alg == key.alg) {
            return Ok(first.clone());
        }
        kept.keys.push(key.clone());
        kept.keys.sort_by_key(|key| key.created_at);
        Ok(key)
    }
}

#[async_trait]
impl Upkeep for MemoryStore {
    async fn sweep(&self, now: Time) -> Result<usize, StoreError> {
        let mut kept = self.step("remove what has expired")?;
        let rows = kept.rows();
        kept.grants.retain(|_, grant| grant.expires_at > now);
        kept.families.retain(|_, family| family.expires_at > now);
        kept.tickets.retain(|_, ticket| ticket.expires_at > now);
        kept.spent.retain(|_, until| *until > now);
        kept.handles
            .retain(|_, opens| opens.until.is_none_or(|until| until > now));
        let before = now - RUN_OUT_KEPT;
        let offline = |sid: &SessionId| {
            let mut grants = kept.grants.values();
            grants.any(|issued| issued.grant.sid == *sid && issued.grant.is_offline())
        };
        let over = kept.sessions.values();
        let over = over.filter(|s| s.expires_at <= before && !offline(&s.sid));
        for sid in over.map(|s| s.sid.clone()).collect::<Vec<_>>() {
            kept.forget_session(&sid);
        }
        Ok(rows - kept.rows())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.step("commit").map(drop)
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.step("close")?.closed = true;
        Ok(())
    }
}
