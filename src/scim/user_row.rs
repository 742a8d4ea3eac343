//! A person as the store lists them for other systems.

use crate::directory::Person;
use crate::people::Link;

/// A person, and what is the same of them in all clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Who it is.
    pub person: Person,
    /// The account they have in all clients.
    pub link: Option<Link>,
}
