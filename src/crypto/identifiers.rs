//! What a digest stands for, one type a kind: a ticket's where a browser's is meant does not compile.
//!
//! ```compile_fail
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
            /// As bytes, for a store.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 32] {
                self.0.as_bytes()
            }

            /// As 43 characters of base64url.
            #[must_use]
            pub fn to_text(self) -> String {
                self.0.to_text()
            }

            /// Reads what `to_text` wrote.
            #[must_use]
            pub fn from_text(text: &str) -> Option<Self> {
                Digest::from_text(text).map(Self)
            }
        }

        impl From<Digest> for $name {
            fn from(digest: Digest) -> Self {
                Self(digest)
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
    /// A browser: the handle in its cookie, hashed.
    BrowserId;
    /// Who owns a ticket: a browser, or a client that exchanges tickets.
    HolderId;
    /// Where one user at a time is signed in: a browser, or a client for one person.
    PlaceId;
    /// A ticket of the portal's, hashed with a key.
    TicketHash;
    /// A grant: the code that began it, hashed.
    GrantId;
    /// A family of refresh tokens.
    FamilyId;
    /// A refresh token, hashed.
    RefreshTokenHash;
    /// What may be used once, hashed: a `jti` with whose it is.
    ReplayKey;
    /// A process that has a lease.
    LeaseHolder;
    /// A client's secret, hashed.
    SecretHash;
    /// What a file holds, hashed.
    FileDigest;
}

/// For each type that a random [`Handle`] stands behind.
macro_rules! of_handles {
    ($($name:ident)*) => {$(
        impl $name {
            /// The identifier behind `handle`.
            #[must_use]
            pub fn of(handle: &Handle) -> Self {
                Self(handle.digest())
            }
        }
    )*};
}

of_handles! { SessionHandleHash BrowserId GrantId LeaseHolder }

/// For each type that is the digest of bytes.
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

of_bytes! { ReplayKey SecretHash FileDigest }

impl HolderId {
    /// A browser as a holder.
    #[must_use]
    pub fn of_browser(id: BrowserId) -> Self {
        Self(id.0)
    }

    /// A client as a holder. No browser has this identifier: theirs are digests of 43 characters.
    #[must_use]
    pub fn of_client(client_id: &str) -> Self {
        Self(Digest::of(format!("client {client_id}").as_bytes()))
    }
}

impl PlaceId {
    /// A browser.
    #[must_use]
    pub fn of_browser(id: BrowserId) -> Self {
        Self(id.0)
    }

    /// One person at a client that exchanges tickets: it serves many at once.
    #[must_use]
    pub fn of_client(client_id: &str, subject: &str) -> Self {
        Self(Digest::of(
            format!("client {client_id} {subject}").as_bytes(),
        ))
    }
}
