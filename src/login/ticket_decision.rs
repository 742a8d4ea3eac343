//! What to do with a ticket before the portal is asked.

use super::policy::{Policy, TicketReplay};
use super::sign_in::{TicketHolder, TicketOwner};
use crate::crypto::identifiers::TicketHash;
use crate::session::Session;

/// What to do with a ticket before the portal is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketDecision<'a> {
    /// The ticket opened this session, as after a reload or the back button: continue the session and
    /// do not ask the portal.
    SameSession(&'a Session),
    /// The ticket has another owner, or is spent. It is refused without asking the portal, because
    /// each verification extends the life of a ticket.
    Refused,
    /// Let the portal verify the ticket.
    VerifyWithPortal,
}

/// Decides by the owner of the ticket, and by the session that the ticket may continue. That is
/// `None` when a client requires a sign-in newer than its request: then the portal verifies even the
/// ticket of the current session again.
#[must_use]
pub fn decide_ticket<'a>(
    ticket: &TicketHash,
    holder: Option<&TicketHolder>,
    owner: Option<&TicketOwner>,
    session: Option<&'a Session>,
    policy: &Policy,
) -> TicketDecision<'a> {
    // A reload presents the ticket of a session again. A browser does that, but no client has to.
    let is_client = matches!(holder, Some(TicketHolder::Client(_)));
    let may_reload = !is_client || policy.replay != TicketReplay::Once;
    if let Some(session) = session.filter(|session| may_reload && session.ticket == *ticket) {
        return TicketDecision::SameSession(session);
    }
    match (policy.replay, owner) {
        (TicketReplay::Off, _) | (_, None) => TicketDecision::VerifyWithPortal,
        (TicketReplay::Once, Some(_)) => TicketDecision::Refused,
        (TicketReplay::BrowserBound, Some(owner)) => {
            let usable = holder.is_some_and(|holder| holder.is(owner.holder)) && !owner.spent;
            if usable {
                TicketDecision::VerifyWithPortal
            } else {
                TicketDecision::Refused
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use openidconnect::ClientId;

    use super::*;
    use crate::crypto::identifiers::tests::digest;
    use crate::login::policy::tests::policy;
    use crate::session::tests::session;

    fn owned(browser: u8, spent: bool) -> TicketOwner {
        TicketOwner {
            holder: digest(browser),
            spent,
        }
    }

    fn decide(
        replay: TicketReplay,
        owner: impl Into<Option<TicketOwner>>,
        session: Option<&Session>,
    ) -> TicketDecision<'_> {
        decide_ticket(
            &digest(9),
            Some(&TicketHolder::Browser {
                user_agent: digest(5),
                owner: digest(1),
                earlier: vec![digest(3)],
            }),
            owner.into().as_ref(),
            session,
            &policy(replay),
        )
    }

    #[test]
    fn n61_a_ticket_belongs_to_the_first_browser_that_presents_it() {
        use TicketReplay::{BrowserBound, Off, Once};
        for (replay, owner, decision) in [
            (BrowserBound, None, TicketDecision::VerifyWithPortal),
            (
                BrowserBound,
                Some(owned(1, false)),
                TicketDecision::VerifyWithPortal,
            ),
            (
                BrowserBound,
                Some(owned(3, false)),
                TicketDecision::VerifyWithPortal,
            ),
            (BrowserBound, Some(owned(2, false)), TicketDecision::Refused),
            (BrowserBound, Some(owned(5, false)), TicketDecision::Refused),
            (Once, Some(owned(1, false)), TicketDecision::Refused),
            (Off, Some(owned(2, true)), TicketDecision::VerifyWithPortal),
        ] {
            assert_eq!(
                decide(replay, owner, None),
                decision,
                "{replay:?} {owner:?}"
            );
        }
    }

    #[test]
    fn n61_a_client_presents_a_ticket_that_counts_once_only_once() {
        let mut session = session("1");
        session.ticket = digest(9);
        let holder = TicketHolder::Client(ClientId::new("gateway".to_owned()));
        let decide = |replay| {
            let owner = Some(TicketOwner {
                holder: holder.id(),
                spent: false,
            });
            let (owner, policy) = (owner.as_ref(), policy(replay));
            decide_ticket(&digest(9), Some(&holder), owner, Some(&session), &policy)
        };
        assert_eq!(decide(TicketReplay::Once), TicketDecision::Refused);
        let again = decide(TicketReplay::BrowserBound);
        assert_eq!(again, TicketDecision::SameSession(&session));
    }

    #[test]
    fn n62_a_spent_ticket_is_refused_even_in_its_own_browser() {
        assert_eq!(
            decide(TicketReplay::BrowserBound, owned(1, true), None),
            TicketDecision::Refused
        );
    }

    #[test]
    fn f29_the_ticket_of_the_live_session_is_not_validated_again() {
        let mut session = session("1");
        session.ticket = digest(9);
        for replay in [
            TicketReplay::BrowserBound,
            TicketReplay::Once,
            TicketReplay::Off,
        ] {
            assert_eq!(
                decide(replay, owned(1, false), Some(&session)),
                TicketDecision::SameSession(&session)
            );
        }
        session.ticket = digest(8);
        assert_eq!(
            decide(TicketReplay::BrowserBound, owned(1, false), Some(&session)),
            TicketDecision::VerifyWithPortal,
            "a new ticket of the same user"
        );
    }
}
