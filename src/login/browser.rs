//! What the browser cookie identifies: a browser, and the handles under which it owns tickets.

use rand::CryptoRng;

use crate::crypto::handle::Handle;
use crate::crypto::identifiers::{BrowserId, UserAgentId};
use crate::session::Session;

/// How many replaced ticket handles a browser keeps.
const MAX_EARLIER: usize = 3;

/// Separates the handles in the cookie.
const SEPARATOR: char = '.';

/// The handles in a browser cookie.
///
/// A neighbour on the same host can plant a cookie in a browser and so know its handles. Each new session therefore
/// replaces the handle under which the browser claims tickets: whoever planted the previous one
/// cannot present the tickets that follow.
#[derive(Debug, Clone)]
pub struct BrowserHandles {
    /// Identifies the browser for as long as the cookie lives. It finds the sessions that began here, and
    /// gives access to nothing.
    user_agent: UserAgentId,
    /// Owns the tickets that the browser claims.
    owner: Handle,
    /// The handles that `owner` replaced, the latest first.
    earlier: Vec<Handle>,
}

impl BrowserHandles {
    /// Handles for a browser that has none. If it has a session, they are those of the session's user agent.
    #[must_use]
    pub fn random(session: Option<&Session>, rng: &mut impl CryptoRng) -> Self {
        let new_user_agent =
            |rng: &mut _| UserAgentId::of_browser(BrowserId::of(&Handle::random(rng)));
        Self {
            user_agent: match session {
                Some(session) => session.user_agent,
                None => new_user_agent(rng),
            },
            owner: Handle::random(rng),
            earlier: Vec::new(),
        }
    }

    /// Reads a cookie; `None` when it is malformed. A cookie of an earlier version holds one handle, which
    /// is both the browser's and the owner of its tickets.
    #[must_use]
    pub fn parse(cookie: &str) -> Option<Self> {
        let Some((user_agent, owners)) = cookie.split_once(SEPARATOR) else {
            let handle = Handle::parse(cookie)?;
            return Some(Self {
                user_agent: UserAgentId::of_browser(BrowserId::of(&handle)),
                owner: handle,
                earlier: Vec::new(),
            });
        };
        let mut owners = owners.split(SEPARATOR).map(Handle::parse);
        let owner = owners.next()??;
        let earlier: Vec<_> = owners.collect::<Option<_>>()?;
        (earlier.len() <= MAX_EARLIER).then_some(Self {
            user_agent: UserAgentId::from_text(user_agent)?,
            owner,
            earlier,
        })
    }

    /// The cookie.
    #[must_use]
    pub fn to_cookie(&self) -> String {
        let mut cookie = self.user_agent.to_text();
        for handle in std::iter::once(&self.owner).chain(&self.earlier) {
            cookie.push(SEPARATOR);
            cookie.push_str(handle.expose());
        }
        cookie
    }

    /// The same browser with a new ticket handle. It still owns the tickets that it claimed lately.
    #[must_use]
    pub fn rotate(mut self, rng: &mut impl CryptoRng) -> Self {
        let replaced = std::mem::replace(&mut self.owner, Handle::random(rng));
        self.earlier.insert(0, replaced);
        self.earlier.truncate(MAX_EARLIER);
        self
    }

    /// The user agent in which the sessions of this browser are.
    #[must_use]
    pub fn user_agent(&self) -> UserAgentId {
        self.user_agent
    }

    /// The owner of the tickets that this browser claims.
    #[must_use]
    pub fn owner(&self) -> BrowserId {
        BrowserId::of(&self.owner)
    }

    /// The owners of the tickets that it claimed before the handle was replaced, the latest first.
    #[must_use]
    pub fn earlier_owners(&self) -> Vec<BrowserId> {
        self.earlier.iter().map(BrowserId::of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::login::sign_in::TicketHolder;

    fn random() -> BrowserHandles {
        BrowserHandles::random(None, &mut rand::rng())
    }

    #[test]
    fn a_cookie_is_read_back_and_a_malformed_one_is_not() {
        let handles = random().rotate(&mut rand::rng());
        let cookie = handles.to_cookie();
        assert_eq!(cookie.split('.').count(), 3);
        let read = BrowserHandles::parse(&cookie).unwrap();
        assert_eq!(TicketHolder::from(&read), TicketHolder::from(&handles));
        let one = "A".repeat(43);
        let many = vec![one.clone(); 6].join(".");
        for malformed in [
            "",
            ".",
            "x",
            &format!("{cookie}."),
            &format!(".{cookie}"),
            &many,
        ] {
            assert!(BrowserHandles::parse(malformed).is_none(), "{malformed}");
        }
    }

    #[test]
    fn the_cookie_of_an_earlier_version_is_the_browser_and_the_owner() {
        let handle = Handle::random(&mut rand::rng());
        let read = BrowserHandles::parse(handle.expose()).unwrap();
        assert_eq!(
            read.user_agent(),
            UserAgentId::of_browser(BrowserId::of(&handle))
        );
        assert_eq!(read.owner(), BrowserId::of(&handle));
        assert!(read.earlier_owners().is_empty());
    }

    #[test]
    fn a_rotated_browser_claims_under_a_new_handle_and_keeps_three_earlier_ones() {
        let first = random();
        let mut rotated = first.clone();
        for kept in 1..=5 {
            let before = TicketHolder::from(&rotated);
            rotated = rotated.rotate(&mut rand::rng());
            let after = TicketHolder::from(&rotated);
            assert_eq!(rotated.user_agent(), first.user_agent());
            assert!(after.is(before.id()) && !before.is(after.id()));
            assert_eq!(after.earlier_ids().len(), kept.min(3));
        }
    }
}
