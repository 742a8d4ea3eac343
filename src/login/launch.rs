//! The launch: what a ticket is worth in this browser, before the portal is asked and after.

use chrono::{DateTime, TimeDelta, Utc};
use panda_oidc_sdk::Identity;

use super::policy::{Policy, TicketReplay};
use super::sign_in::{SignIn, TicketClaim, TicketHolder, TicketOwner};
use crate::crypto::identifiers::{HolderId, SessionHandleHash, TicketHash};
use crate::session::{LogoutNotice, Session, SessionId, User};

/// Two tabs may sign in at once; the handle that lost its place opens its session this much longer.
const HANDLE_GRACE: TimeDelta = TimeDelta::seconds(60);

/// What to do with a ticket before anybody is asked about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketDecision {
    /// The session this browser has was opened by this very ticket: go on with it, and leave the
    /// portal alone (F29).
    SameSession,
    /// It belongs to another browser, or is spent: refused unseen, so that its life is not extended.
    Refused,
    /// Ask the portal.
    Ask,
}

/// Decides by who owns the ticket.
///
/// `fresh` says that a client waits for a sign-in newer than its request; then even a ticket that
/// opened this session is taken to the portal again.
#[must_use]
pub fn decide_ticket(
    ticket: &TicketHash,
    holder: Option<HolderId>,
    owner: Option<&TicketOwner>,
    session: Option<&Session>,
    fresh: bool,
    policy: &Policy,
) -> TicketDecision {
    if !fresh && session.is_some_and(|session| session.ticket == *ticket) {
        return TicketDecision::SameSession;
    }
    match (policy.replay, owner) {
        (TicketReplay::Off, _) | (_, None) => TicketDecision::Ask,
        (TicketReplay::Once, Some(_)) => TicketDecision::Refused,
        (TicketReplay::BrowserBound, Some(owner)) => {
            let ours = holder == Some(owner.holder) && !owner.spent;
            if ours {
                TicketDecision::Ask
            } else {
                TicketDecision::Refused
            }
        }
    }
}

/// A person the portal has just proved, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedLogin {
    /// Who it is.
    pub identity: Identity,
    /// The name of the ticket that proved it.
    pub ticket: TicketHash,
    /// Who brought it.
    pub holder: TicketHolder,
    /// Whether the holder owns the ticket already, since the person was asked about it.
    pub claimed: bool,
}

impl VerifiedLogin {
    /// Whether a person must say yes before this arrival replaces the session that is there: it is
    /// another user's, and nothing proves that the click came from the portal (login CSRF, F5).
    #[must_use]
    pub fn needs_confirmation(&self, session: Option<&Session>, from_portal: bool) -> bool {
        !from_portal
            && session.is_some_and(|session| session.user.identity.subject != self.identity.subject)
    }

    /// The wish to own the ticket, unless the policy does not track tickets.
    #[must_use]
    pub fn claim(&self, policy: &Policy, now: DateTime<Utc>) -> Option<TicketClaim> {
        (policy.replay != TicketReplay::Off).then(|| TicketClaim {
            ticket: self.ticket,
            holder: self.holder.id(),
            subject: self.identity.subject.clone(),
            once: policy.replay == TicketReplay::Once && !self.claimed,
            remember_until: now + policy.ticket_memory,
        })
    }

    /// The sign-in this arrival comes to: a session of the same user goes on under its name, those of
    /// other users in this browser end (F6). The handle is a new one in any case (N17).
    #[must_use]
    pub fn sign_in(
        self,
        here: CurrentSession<'_>,
        new: NewSession,
        policy: &Policy,
        now: DateTime<Utc>,
    ) -> SignIn {
        let same_user = |session: &&Session| session.user.identity.subject == self.identity.subject;
        let continues = here
            .session
            .filter(same_user)
            .map(|session| session.sid.clone());
        SignIn {
            claim: self.claim(policy, now),
            place: self.holder.place_of(&self.identity.subject),
            logout_notice: new.logout_notice,
            retires: here
                .handle
                .filter(|_| continues.is_some())
                .map(|handle| (handle, now + HANDLE_GRACE)),
            session: Session {
                sid: new.sid,
                user: User {
                    identity: self.identity,
                    updated_at: now,
                },
                auth_time: now,
                expires_at: now + policy.lifetime,
                ticket: self.ticket,
            },
            continues,
            handle: new.handle,
        }
    }
}

/// What the browser had before.
#[derive(Debug, Clone, Copy)]
pub struct CurrentSession<'a> {
    /// Its live session.
    pub session: Option<&'a Session>,
    /// The handle that opens it.
    pub handle: Option<SessionHandleHash>,
}

/// What a sign-in needs from outside.
#[derive(Debug)]
pub struct NewSession {
    /// For a session that begins.
    pub sid: SessionId,
    /// For the cookie.
    pub handle: SessionHandleHash,
    /// For the clients of the sessions that end.
    pub logout_notice: LogoutNotice,
}

#[cfg(test)]
mod tests {
    use super::*;
    use panda_oidc_sdk::Subject;

    fn digest<T: From<[u8; 32]>>(byte: u8) -> T {
        T::from([byte; 32])
    }

    fn policy(replay: TicketReplay) -> Policy {
        Policy {
            lifetime: TimeDelta::hours(12),
            ticket_memory: TimeDelta::days(7),
            replay,
        }
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn identity(subject: &str) -> Identity {
        Identity {
            subject: Subject::new(subject).unwrap(),
            name: None,
            phone: None,
        }
    }

    fn session(subject: &str, ticket: u8) -> Session {
        Session {
            sid: SessionId::from("sid".to_owned()),
            user: User {
                identity: identity(subject),
                updated_at: now(),
            },
            auth_time: now(),
            expires_at: now() + TimeDelta::hours(12),
            ticket: digest(ticket),
        }
    }

    fn owned(browser: u8, spent: bool) -> TicketOwner {
        TicketOwner {
            holder: digest(browser),
            spent,
        }
    }

    fn present(
        replay: TicketReplay,
        owner: impl Into<Option<TicketOwner>>,
        session: Option<&Session>,
        fresh: bool,
    ) -> TicketDecision {
        decide_ticket(
            &digest(9),
            Some(digest(1)),
            owner.into().as_ref(),
            session,
            fresh,
            &policy(replay),
        )
    }

    #[test]
    fn n61_a_ticket_belongs_to_the_browser_that_brought_it_first() {
        use TicketReplay::{BrowserBound, Off, Once};
        assert_eq!(
            present(BrowserBound, None, None, false),
            TicketDecision::Ask
        );
        assert_eq!(
            present(BrowserBound, owned(1, false), None, false),
            TicketDecision::Ask
        );
        assert_eq!(
            present(BrowserBound, owned(2, false), None, false),
            TicketDecision::Refused
        );
        assert_eq!(
            present(Once, owned(1, false), None, false),
            TicketDecision::Refused
        );
        assert_eq!(
            present(Off, owned(2, true), None, false),
            TicketDecision::Ask
        );
    }

    #[test]
    fn n62_a_spent_ticket_is_refused_even_in_its_own_browser() {
        assert_eq!(
            present(TicketReplay::BrowserBound, owned(1, true), None, false),
            TicketDecision::Refused
        );
    }

    #[test]
    fn f29_the_ticket_of_the_live_session_is_not_asked_about_again() {
        let session = session("1", 9);
        for replay in [
            TicketReplay::BrowserBound,
            TicketReplay::Once,
            TicketReplay::Off,
        ] {
            assert_eq!(
                present(replay, owned(1, false), Some(&session), false),
                TicketDecision::SameSession
            );
        }
        assert_eq!(
            present(
                TicketReplay::BrowserBound,
                owned(1, false),
                Some(&session),
                true
            ),
            TicketDecision::Ask
        );
    }

    #[test]
    fn n63_another_users_session_is_replaced_only_after_a_yes_or_a_click_in_the_portal() {
        let arrival = VerifiedLogin {
            identity: identity("2"),
            ticket: digest(9),
            holder: TicketHolder::Browser(digest(1)),
            claimed: false,
        };
        let (same, other) = (session("2", 1), session("1", 1));
        assert!(arrival.needs_confirmation(Some(&other), false));
        assert!(!arrival.needs_confirmation(Some(&other), true));
        assert!(
            !arrival.needs_confirmation(Some(&same), false)
                && !arrival.needs_confirmation(None, false)
        );
    }

    #[test]
    fn n50_a_change_of_user_ends_the_session_and_a_return_continues_it() {
        let new = || NewSession {
            sid: SessionId::from("new".to_owned()),
            handle: digest(7),
            logout_notice: LogoutNotice {
                listeners: [].into(),
                leased_until: now(),
                later: None,
                expires_at: now(),
            },
        };
        let arrive = |before: &Session| {
            let arrival = VerifiedLogin {
                identity: identity("2"),
                ticket: digest(9),
                holder: TicketHolder::Browser(digest(1)),
                claimed: false,
            };
            let here = CurrentSession {
                session: Some(before),
                handle: Some(digest(6)),
            };
            arrival.sign_in(here, new(), &policy(TicketReplay::BrowserBound), now())
        };
        let switched = arrive(&session("1", 1));
        assert_eq!(
            (switched.place, switched.continues, switched.retires),
            (digest(1), None, None)
        );
        assert_eq!(switched.session.sid.as_str(), "new");
        let returned = arrive(&session("2", 1));
        assert_eq!(returned.continues, Some(SessionId::from("sid".to_owned())));
        assert_eq!(
            returned.session.sid.as_str(),
            "new",
            "should the old one have ended meanwhile"
        );
        assert_eq!(returned.retires, Some((digest(6), now() + HANDLE_GRACE)));
    }
}
