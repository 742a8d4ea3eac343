//! A user as one client sees them.

use super::link::Link;
use crate::session::User;

/// A user as one client sees them: the portal's data, the account at the client, and the groups.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The portal's data.
    pub user: User,
    /// The account at the client, completed with the link for all clients. `None` if there is
    /// neither.
    pub link: Option<Link>,
    /// The groups, sorted, without duplicates.
    pub groups: Vec<String>,
    /// The roles, sorted, without duplicates.
    pub roles: Vec<String>,
    /// Groups whose rule could not be evaluated for the user.
    pub undecided_groups: Vec<String>,
}

impl Profile {
    /// A profile of the portal's data alone, without link, groups and roles.
    #[must_use]
    pub fn of(user: User) -> Self {
        Self {
            user,
            link: None,
            groups: Vec::new(),
            roles: Vec::new(),
            undecided_groups: Vec::new(),
        }
    }
}
