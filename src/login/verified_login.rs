//! A login that the portal has verified, and the sign-in that it leads to.

use chrono::{DateTime, TimeDelta, Utc};
use panda_oidc_sdk::Identity;

use super::policy::{ConfirmSwitch, Policy, TicketReplay};
use super::sign_in::{ContinuedSession, SignIn, TicketClaim, TicketHolder};
use crate::crypto::identifiers::{SessionHandleHash, TicketHash};
use crate::session::{LogoutNotice, Session, SessionId, User};

/// How long a replaced session handle stays valid, because two tabs may sign in at once.
const HANDLE_GRACE: TimeDelta = TimeDelta::seconds(60);

/// A login that the portal has just verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedLogin {
    /// The user.
    pub identity: Identity,
    /// The keyed digest of the ticket.
    pub ticket: TicketHash,
    /// Who presented the ticket.
    pub holder: TicketHolder,
    /// Whether the ticket was claimed before the confirmation page.
    pub already_owned: bool,
}

impl VerifiedLogin {
    /// Whether the user must confirm before this login replaces the current session: the session is
    /// another user's, and no page of the portal led here, or the operator trusts none (login CSRF; N63,
    /// docs/security.md).
    #[must_use]
    pub fn needs_confirmation(
        &self,
        session: Option<&Session>,
        from_portal: bool,
        policy: &Policy,
    ) -> bool {
        let is_trusted = from_portal && policy.confirm_switch == ConfirmSwitch::UnlessFromPortal;
        !is_trusted && session.is_some_and(|session| !self.is_of(session))
    }

    /// Whether `session` is the same user's.
    #[must_use]
    pub fn is_of(&self, session: &Session) -> bool {
        session.user.identity.subject == self.identity.subject
    }

    /// The claim to the ticket; `None` if the policy does not track tickets.
    #[must_use]
    pub fn claim(&self, policy: &Policy, now: DateTime<Utc>) -> Option<TicketClaim> {
        (policy.replay != TicketReplay::Off).then(|| TicketClaim {
            ticket: self.ticket,
            holder: self.holder.id(),
            earlier: self.holder.earlier_ids(),
            subject: self.identity.subject.clone(),
            once: policy.replay == TicketReplay::Once && !self.already_owned,
            remember_until: now + policy.ticket_memory,
        })
    }

    /// The sign-in for this login. A session of the same user continues under its `sid`. Sessions of
    /// other users in this browser end, so that no other person uses the previous user's session on a shared
    /// computer (N50). The session handle is always new, against session fixation (N17).
    #[must_use]
    pub fn sign_in(
        self,
        current: CurrentSession<'_>,
        new: NewSession,
        policy: &Policy,
        now: DateTime<Utc>,
    ) -> SignIn {
        let user_agent = self.holder.user_agent(new.handle);
        let continued = current.session.filter(|session| self.is_of(session));
        let continues = match (continued, &self.holder) {
            (Some(session), _) => ContinuedSession::Current(session.sid.clone()),
            (None, TicketHolder::Browser { .. }) => ContinuedSession::AnyInUserAgent,
            (None, TicketHolder::Client(_)) => ContinuedSession::None,
        };
        SignIn {
            claim: self.claim(policy, now),
            logout_notice: new.logout_notice,
            retired_handle: current
                .handle
                .filter(|_| continued.is_some())
                .map(|handle| (handle, now + HANDLE_GRACE)),
            session: Session {
                sid: new.sid,
                user_agent,
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

/// The session of the browser before the sign-in.
#[derive(Debug, Clone, Copy)]
pub struct CurrentSession<'a> {
    /// The live session, if there is one.
    pub session: Option<&'a Session>,
    /// The session handle from the cookie.
    pub handle: Option<SessionHandleHash>,
}

/// Values that a sign-in needs from its caller.
#[derive(Debug)]
pub struct NewSession {
    /// The `sid`, if a new session begins.
    pub sid: SessionId,
    /// The session handle for the cookie.
    pub handle: SessionHandleHash,
    /// The notice for the clients of the sessions that end.
    pub logout_notice: LogoutNotice,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::identifiers::tests::digest;
    use crate::login::policy::tests::policy;
    use panda_oidc_sdk::Subject;

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

    fn browser() -> TicketHolder {
        TicketHolder::Browser {
            user_agent: digest(1),
            owner: digest(2),
            earlier: vec![digest(3)],
        }
    }

    fn session(subject: &str, ticket: u8) -> Session {
        Session {
            sid: SessionId::from("sid".to_owned()),
            user_agent: digest(1),
            user: User {
                identity: identity(subject),
                updated_at: now(),
            },
            auth_time: now(),
            expires_at: now() + TimeDelta::hours(12),
            ticket: digest(ticket),
        }
    }

    #[test]
    fn n63_another_users_session_is_replaced_only_after_confirmation_or_a_click_in_the_portal() {
        let login = VerifiedLogin {
            identity: identity("2"),
            ticket: digest(9),
            holder: browser(),
            already_owned: false,
        };
        let (same, other) = (session("2", 1), session("1", 1));
        let unless_from_portal = policy(TicketReplay::BrowserBound);
        let always = Policy {
            confirm_switch: ConfirmSwitch::Always,
            ..unless_from_portal
        };
        for (policy, session, from_portal, needed) in [
            (&unless_from_portal, Some(&other), false, true),
            (&unless_from_portal, Some(&other), true, false),
            (&unless_from_portal, Some(&same), false, false),
            (&unless_from_portal, None, false, false),
            (&always, Some(&other), true, true),
            (&always, Some(&same), true, false),
            (&always, None, true, false),
        ] {
            let confirms = login.needs_confirmation(session, from_portal, policy);
            assert_eq!(confirms, needed, "{policy:?} {from_portal}");
        }
    }

    #[test]
    fn n50_another_user_gets_a_new_session_and_the_same_user_continues_theirs() {
        let new = || NewSession {
            sid: SessionId::from("new".to_owned()),
            handle: digest(7),
            logout_notice: LogoutNotice {
                listeners: [].into(),
                leased_until: now(),
                deferred: None,
                expires_at: now(),
            },
        };
        let sign_in = |before: &Session| {
            let login = VerifiedLogin {
                identity: identity("2"),
                ticket: digest(9),
                holder: browser(),
                already_owned: false,
            };
            let current = CurrentSession {
                session: Some(before),
                handle: Some(digest(6)),
            };
            login.sign_in(current, new(), &policy(TicketReplay::BrowserBound), now())
        };
        let switched = sign_in(&session("1", 1));
        assert_eq!(
            (
                switched.session.user_agent,
                switched.continues,
                switched.retired_handle
            ),
            (digest(1), ContinuedSession::AnyInUserAgent, None)
        );
        assert_eq!(switched.session.sid.as_str(), "new");
        let returned = sign_in(&session("2", 1));
        assert_eq!(
            returned.continues,
            ContinuedSession::Current(SessionId::from("sid".to_owned()))
        );
        assert_eq!(
            returned.session.sid.as_str(),
            "new",
            "should the old one have ended meanwhile"
        );
        assert_eq!(
            returned.retired_handle,
            Some((digest(6), now() + HANDLE_GRACE))
        );
    }
}
