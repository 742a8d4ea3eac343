//! One newtype over [`Digest`] for each kind of identifier, so that a ticket's digest where a
//! browser's is expected does not compile.
//!
//! ```
//! use panda_oidc::crypto::identifiers::SessionHandleHash;
//! fn find_session(_: &SessionHandleHash) {}
//! find_session(&SessionHandleHash::from([0; 32]));
//! ```
//!
//! ```compile_fail,E0308
//! use panda_oidc::crypto::identifiers::{SessionHandleHash, TicketHash};
//! fn find_session(_: &SessionHandleHash) {}
//! find_session(&TicketHash::from([0; 32]));
//! ```

use std::fmt;

use super::handle::{Digest, Handle};

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Digest);

        impl $name {
            /// The bytes, for the store.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 32] {
                self.0.as_bytes()
            }

            /// 43 characters of base64url.
            #[must_use]
            pub fn to_text(self) -> String {
                self.0.to_text()
            }

            /// Parses the output of `to_text`.
            #[must_use]
            pub fn from_text(text: &str) -> Option<Self> {
                Digest::from_text(text).map(Self)
            }
        }

        impl From<[u8; 32]> for $name {
            fn from(bytes: [u8; 32]) -> Self {
                Self(bytes.into())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

identifiers! {
    /// The handle in a session cookie, hashed.
    SessionHandleHash;
    /// A browser: the handle in its browser cookie, hashed.
    BrowserId;
    /// The owner of a ticket: a browser, or a client that exchanges tickets.
    HolderId;
    /// A user agent, in which one user at a time is signed in: a browser, or one session of a client that
    /// exchanges tickets.
    UserAgentId;
    /// A ticket of the portal, hashed with a key.
    TicketHash;
    /// A grant: its authorization code, hashed.
    GrantId;
    /// A family of refresh tokens.
    FamilyId;
    /// A refresh token, hashed.
    RefreshTokenHash;
    /// A value that may be used once, hashed, such as the `jti` of a client with its `client_id`.
    ReplayKey;
    /// A process that holds a lease.
    LeaseHolder;
    /// A client's secret, hashed.
    SecretHash;
    /// The content of a file, hashed.
    FileDigest;
    /// The secret of a token of the admin API, hashed.
    AdminTokenHash;
}

/// For each type that hashes a random [`Handle`].
macro_rules! of_handles {
    ($($name:ident)*) => {$(
        impl $name {
            /// The identifier of `handle`.
            #[must_use]
            pub fn of(handle: &Handle) -> Self {
                Self(handle.digest())
            }
        }
    )*};
}

of_handles! { SessionHandleHash BrowserId GrantId LeaseHolder }

/// For each type that hashes bytes.
macro_rules! of_bytes {
    ($($name:ident)*) => {$(
        impl $name {
            /// The SHA-256 of `bytes`.
            #[must_use]
            pub fn of(bytes: &[u8]) -> Self {
                Self(Digest::of(bytes))
            }
        }
    )*};
}

of_bytes! { FamilyId RefreshTokenHash ReplayKey SecretHash FileDigest AdminTokenHash }

impl HolderId {
    /// The holder that is this browser.
    #[must_use]
    pub fn of_browser(id: BrowserId) -> Self {
        Self(id.0)
    }

    /// The holder that is this client. It cannot collide with a browser: a browser's identifier
    /// hashes a handle of 43 characters without spaces.
    #[must_use]
    pub fn of_client(client_id: &str) -> Self {
        Self(Digest::of(format!("client {client_id}").as_bytes()))
    }
}

impl UserAgentId {
    /// The user agent that is this browser.
    #[must_use]
    pub fn of_browser(id: BrowserId) -> Self {
        Self(id.0)
    }

    /// A user agent of its own for one session, and no one keeps its handle: a client that exchanges tickets
    /// serves many users at once. It must be unknown to everybody, because a browser names its user agent
    /// in a cookie, and its sign-in ends the sessions of others there.
    #[must_use]
    pub fn of_session(handle: SessionHandleHash) -> Self {
        Self(handle.0)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    /// An identifier of which every byte is `byte`.
    pub(crate) fn digest<T: From<[u8; 32]>>(byte: u8) -> T {
        T::from([byte; 32])
    }
}
