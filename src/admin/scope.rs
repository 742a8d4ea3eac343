//! What a token of the admin API gives access to.

use std::fmt;
use std::str::FromStr;

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// What a token gives access to. Writing does not include reading.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Scope {
            $($(#[$doc])* $name,)*
        }

        impl Scope {
            /// All scopes.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The scope as text.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

scopes! {
    /// Read the registered clients.
    ClientsRead = "clients:read";
    /// Read the state of the directory.
    DirectoryRead = "directory:read";
    /// Read the portal's list now, and accept removals.
    DirectoryWrite = "directory:write";
    /// Read groups and their members.
    GroupsRead = "groups:read";
    /// Read the public facts about the signing keys.
    KeysRead = "keys:read";
    /// Read the accounts of people.
    LinksRead = "links:read";
    /// Set and remove accounts of people.
    LinksWrite = "links:write";
    /// Read sessions.
    SessionsRead = "sessions:read";
    /// End sessions.
    SessionsWrite = "sessions:write";
    /// Read people.
    UsersRead = "users:read";
    /// Remove the personal data of people.
    UsersWrite = "users:write";
}

/// A text is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no such scope; there are {}", list(Scope::ALL))]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let mut all = Self::ALL.iter().copied();
        all.find(|scope| scope.as_str() == text).ok_or(UnknownScope)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn list(scopes: &[Scope]) -> String {
    let texts: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_back_from_its_text() {
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(*scope));
        }
        let unknown = "sessions".parse::<Scope>().unwrap_err();
        assert!(unknown.to_string().contains("sessions:read"));
    }
}
