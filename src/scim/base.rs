//! Where resources are found.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands in a path as it is (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Where resources are found.
#[derive(Debug, Clone)]
pub struct Base(String);

impl Base {
    /// Below the admin listener's address.
    #[must_use]
    pub fn new(admin: &str) -> Self {
        Self(format!("{admin}/scim/v2"))
    }

    /// The address itself.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Where a user is found.
    #[must_use]
    pub fn user(&self, id: &str) -> String {
        self.at("Users", id)
    }

    /// Where a group is found.
    #[must_use]
    pub fn group(&self, id: &str) -> String {
        self.at("Groups", id)
    }

    pub(super) fn at(&self, endpoint: &str, id: &str) -> String {
        format!("{}/{endpoint}/{}", self.0, utf8_percent_encode(id, SEGMENT))
    }
}
