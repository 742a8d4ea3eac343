//! The URLs of resources.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The characters to percent-encode in a path segment: all but the unreserved ones (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The base URL of all resources.
#[derive(Debug, Clone)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// The base URL below `admin`, the URL of the admin listener.
    #[must_use]
    pub fn new(admin: &str) -> Self {
        Self(format!("{admin}/scim/v2"))
    }

    /// The base URL itself.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL of a user.
    #[must_use]
    pub fn user(&self, id: &str) -> String {
        self.at("Users", id)
    }

    /// The URL of a group.
    #[must_use]
    pub fn group(&self, id: &str) -> String {
        self.at("Groups", id)
    }

    pub(super) fn at(&self, endpoint: &str, id: &str) -> String {
        format!("{}/{endpoint}/{}", self.0, utf8_percent_encode(id, SEGMENT))
    }
}
