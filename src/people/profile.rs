//! A person as one client sees them.

use super::link::Link;
use crate::session::User;

/// A person as one client sees them: what the portal says, the account the client has for them, and
/// the groups they are in.
#[derive(Debug, Clone)]
pub struct Profile {
    /// What the portal says.
    pub user: User,
    /// The client's own account of them, completed with the one for all clients; `None` where
    /// neither is.
    pub link: Option<Link>,
    /// The groups they are in, sorted, each once.
    pub groups: Vec<String>,
    /// The roles these bring, sorted, each once.
    pub roles: Vec<String>,
    /// Groups whose rule could not tell whether they are in it.
    pub unsettled: Vec<String>,
}

impl Profile {
    /// Somebody of whom only the portal knows.
    #[must_use]
    pub fn of(user: User) -> Self {
        Self {
            user,
            link: None,
            groups: Vec::new(),
            roles: Vec::new(),
            unsettled: Vec::new(),
        }
    }
}
