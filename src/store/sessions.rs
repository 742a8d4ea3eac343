//! Sessions, their handles, and ticket ownership.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::ClientId;

use super::error::StoreError;
use crate::crypto::identifiers::{SessionHandleHash, TicketHash};
use crate::login::sign_in::{SignIn, SignInOutcome, TicketClaim, TicketOwner};
use crate::session::{EndedSession, LogoutNotice, Session, SessionId};

/// Sessions, their handles, and ticket ownership.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// The live session that `handle` opens. Here and everywhere, a session whose sign-in is in the
    /// future is not live: a clock that was ahead has dated it, and was set right. A minute ahead is no
    /// future, since the clocks of two servers differ.
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

    /// The clients that received a grant in the session, in order.
    async fn session_clients(&self, sid: &SessionId) -> Result<Vec<ClientId>, StoreError>;

    /// Ends a session. Its handles stop working, its grants become inactive (offline ones too), and
    /// the tickets that opened it are spent. Logout tokens for its clients are queued as `notice` says.
    ///
    /// An expired session can be ended too, for [`EXPIRED_SESSION_RETENTION`]: its clients may still have sessions
    /// of their own. `None` when there is no such session. Of concurrent callers, one gets the
    /// session.
    async fn end(
        &self,
        sid: &SessionId,
        notice: &LogoutNotice,
    ) -> Result<Option<EndedSession>, StoreError>;
}

/// How long an expired session is kept, so that its clients are notified when another user signs in
/// with the same browser.
pub const EXPIRED_SESSION_RETENTION: TimeDelta = TimeDelta::days(7);
