//! Sessions, their handles, and ticket ownership.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::ClientId;

use super::error::StoreError;
use crate::crypto::identifiers::{SessionHandleHash, TicketHash, UserAgentId};
use crate::login::sign_in::{SignIn, SignInOutcome, TicketClaim, TicketOwner};
use crate::session::{EndedSession, LogoutNotice, Session, SessionId};

/// Sessions, their handles, and ticket ownership.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// The live session that `handle` opens. Here and everywhere, a session whose sign-in is further in
    /// the future than the session lives is not live: a clock that was ahead has dated it.
    async fn session(
        &self,
        handle: &SessionHandleHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreError>;

    /// The owner of `ticket` at `now`, if it has one.
    async fn owner(
        &self,
        ticket: &TicketHash,
        now: DateTime<Utc>,
    ) -> Result<Option<TicketOwner>, StoreError>;

    /// The session that `ticket` opened last, if it is still live.
    async fn opened_by(
        &self,
        ticket: &TicketHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreError>;

    /// Signs a person in, all or nothing: claims the ticket, ends the sessions of other users in this
    /// browser, begins or continues a session, and stores the identity that the portal returned.
    ///
    /// Of any number of callers who claim one ticket for different browsers, one gets `SignedIn`.
    async fn sign_in(
        &self,
        request: SignIn,
        now: DateTime<Utc>,
    ) -> Result<SignInOutcome, StoreError>;

    /// Claims a ticket without a sign-in, while the user has yet to confirm an account switch.
    /// `false` when the ticket is refused, by the rules of [`Sessions::sign_in`].
    async fn claim(&self, claim: TicketClaim, now: DateTime<Utc>) -> Result<bool, StoreError>;

    /// The session of the last sign-in in `user_agent`, expired or not, as long as it is kept.
    async fn last_in(&self, user_agent: &UserAgentId) -> Result<Option<Session>, StoreError>;

    /// The clients that received a grant in the session or in one that [`Sessions::end`] ends with it,
    /// in order and each once.
    async fn session_clients(&self, sid: &SessionId) -> Result<Vec<ClientId>, StoreError>;

    /// Ends a session, and with it the sessions of the same user whose last sign-in in the same user
    /// agent was earlier. Their handles stop working, their grants become inactive (offline ones too), and
    /// the tickets that opened them are spent. Logout tokens for their clients are queued as `notice` says.
    ///
    /// An expired session can be ended too, for [`EXPIRED_SESSION_RETENTION`] and as long as it has an
    /// offline grant: its clients may still have sessions of their own. Returns what ended, the named
    /// session first; nothing when there is no such session. Of concurrent callers, one gets the session.
    async fn end(
        &self,
        sid: &SessionId,
        notice: &LogoutNotice,
    ) -> Result<Vec<EndedSession>, StoreError>;
}

/// How long an expired session is kept, so that its clients are notified when its user signs out or
/// another user signs in with the same browser.
pub const EXPIRED_SESSION_RETENTION: TimeDelta = TimeDelta::days(7);
