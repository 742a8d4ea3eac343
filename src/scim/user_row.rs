//! A person as the store lists them for SCIM.

use crate::directory::Person;
use crate::people::Link;

/// A person, and their link for all clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// The person.
    pub person: Person,
    /// The account that applies to all clients.
    pub link: Option<Link>,
}
