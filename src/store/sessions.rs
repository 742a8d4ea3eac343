//! Sessions, the handles that open them, and who owns which ticket.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::error::StoreError;
use crate::crypto::identifiers::{SessionHandleHash, TicketHash};
use crate::login::sign_in::{SignIn, SignInOutcome, TicketClaim, TicketOwner};
use crate::session::{EndedSession, LogoutNotice, Session, SessionId};

/// Sessions, the handles that open them, and who owns which ticket.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// The live session that `handle` opens.
    async fn session(
        &self,
        handle: &SessionHandleHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreError>;

    /// Who owns `ticket`, if anybody does at `now`.
    async fn owner(
        &self,
        ticket: &TicketHash,
        now: DateTime<Utc>,
    ) -> Result<Option<TicketOwner>, StoreError>;

    /// The live session that `ticket` opened last.
    async fn opened_by(
        &self,
        ticket: &TicketHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreError>;

    /// Signs a person in: claims the ticket, ends what other users had in this browser, begins or
    /// continues a session, and remembers what the portal said about the user, all or nothing.
    ///
    /// Of any number of callers who claim one ticket for different browsers, one is `SignedIn`.
    async fn sign_in(&self, asked: SignIn, now: DateTime<Utc>)
    -> Result<SignInOutcome, StoreError>;

    /// Claims `ticket` without signing anybody in: the person has yet to confirm a change of user.
    /// `false` when it is another's, by the rules of [`Sessions::sign_in`].
    async fn claim(&self, claim: TicketClaim, now: DateTime<Utc>) -> Result<bool, StoreError>;

    /// Ends a session: its handles open nothing, its grants are dead, offline ones too, the tickets
    /// that opened it are spent for good. One that ran out can be ended too, for [`RUN_OUT_KEPT`]: its clients may
    /// have sessions of their own still. What they are to be told is queued as `farewell` says.
    /// `None` when there is no such session; of many callers one gets it.
    async fn end(
        &self,
        sid: &SessionId,
        farewell: &LogoutNotice,
    ) -> Result<Option<EndedSession>, StoreError>;
}

/// How long a session that ran out is remembered, so that its clients are told when another user
/// takes the browser over.
pub const RUN_OUT_KEPT: TimeDelta = TimeDelta::days(7);
