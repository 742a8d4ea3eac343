//! Sessions as operators list them and end them.

use openidconnect::ClientId;
use panda_oidc_sdk::Subject;

use super::{Session, SessionId};

/// Which sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionFilter {
    /// All of them.
    All,
    /// Those of this person.
    Of(Subject),
    /// Those in which this client received a grant.
    With(ClientId),
    /// The one with this `sid`.
    Sid(SessionId),
}

/// A session, live or expired, with the clients that received a grant in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSession {
    /// The session.
    pub session: Session,
    /// Its clients, in order.
    pub clients: Vec<ClientId>,
}
