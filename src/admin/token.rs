//! A bearer token of the admin API (RFC 6750).

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use rand::{CryptoRng, RngExt as _};
use zeroize::Zeroizing;

use super::Scope;
use crate::crypto::handle::Handle;
use crate::crypto::identifiers::AdminTokenHash;

/// The start of every token, by which scanners for leaked secrets recognise one.
const PREFIX: &str = "pandaoidc_admin_";

/// The greatest length of a name, in characters.
const MAX_NAME_CHARS: usize = 64;

/// A token as the store keeps it. The secret itself is kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The public identifier, for the list and for revoking.
    pub id: String,
    /// Who holds the token.
    pub name: TokenName,
    /// What it gives access to.
    pub scopes: Vec<Scope>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it expires; `None` if never.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Token {
    /// A new token with a random identifier.
    pub fn new(
        rng: &mut impl CryptoRng,
        name: TokenName,
        mut scopes: Vec<Scope>,
        created_at: DateTime<Utc>,
        expires_at: Option<DateTime<Utc>>,
    ) -> Self {
        scopes.sort_unstable();
        scopes.dedup();
        Self {
            id: format!("{:016x}", rng.random::<u64>()),
            name,
            scopes,
            created_at,
            expires_at,
        }
    }

    /// Whether it has not expired at `now`.
    #[must_use]
    pub fn is_valid(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_none_or(|end| end > now)
    }

    /// Whether it has `scope`.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

/// The name of a token: 1 to 64 visible characters, which appear in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenName(String);

impl TokenName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text cannot be the name of a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a name has 1 to {MAX_NAME_CHARS} characters, without control characters, and does not begin or end with a blank"
)]
pub struct InvalidTokenName;

impl FromStr for TokenName {
    type Err = InvalidTokenName;

    fn from_str(text: &str) -> Result<Self, InvalidTokenName> {
        let is_valid = !text.is_empty()
            && text.trim() == text
            && text.chars().count() <= MAX_NAME_CHARS
            && !text.contains(char::is_control);
        is_valid
            .then(|| Self(text.to_owned()))
            .ok_or(InvalidTokenName)
    }
}

impl fmt::Display for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The secret of a token: the prefix and 256 random bits.
pub struct TokenSecret(Zeroizing<String>);

impl TokenSecret {
    /// A new secret.
    pub fn random(rng: &mut impl CryptoRng) -> Self {
        let handle = Handle::random(rng);
        Self(Zeroizing::new(format!("{PREFIX}{}", handle.expose())))
    }

    /// The secret in clear, to be shown once.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The hash by which the store finds the token.
    #[must_use]
    pub fn hash(&self) -> AdminTokenHash {
        AdminTokenHash::of(self.0.as_bytes())
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The hash of a presented secret; `None` for a text that is none. The store looks the hash up, so how long
/// the lookup takes says nothing about the secret.
#[must_use]
pub fn hash_of(presented: &str) -> Option<AdminTokenHash> {
    Handle::parse(presented.strip_prefix(PREFIX)?)?;
    Some(AdminTokenHash::of(presented.as_bytes()))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_secret_is_recognised_by_its_form_and_found_by_its_hash() {
        let secret = TokenSecret::random(&mut rand::rng());
        assert_eq!(secret.expose().len(), PREFIX.len() + 43);
        assert_eq!(hash_of(secret.expose()), Some(secret.hash()));
        assert_eq!(format!("{secret:?}"), "[redacted]");
        let bare = secret.expose().strip_prefix(PREFIX).unwrap();
        for other in ["", PREFIX, bare, &secret.expose()[1..], "Bearer x"] {
            assert_eq!(hash_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_token_is_valid_until_it_expires() {
        let start = DateTime::UNIX_EPOCH;
        let name: TokenName = "console".parse().unwrap();
        let scopes = vec![Scope::UsersRead, Scope::KeysRead, Scope::UsersRead];
        let until = |end| Token::new(&mut rand::rng(), name.clone(), scopes.clone(), start, end);
        let token = until(Some(start + TimeDelta::days(1)));
        assert_eq!(token.scopes, [Scope::KeysRead, Scope::UsersRead]);
        assert!(token.has(Scope::KeysRead) && !token.has(Scope::UsersWrite));
        assert!(token.is_valid(start));
        assert!(!token.is_valid(start + TimeDelta::days(1)));
        assert!(until(None).is_valid(start + TimeDelta::days(9_000)));
    }

    #[test]
    fn a_name_can_be_shown_on_one_line() {
        for name in ["console", "运维控制台", &"x".repeat(64)] {
            assert_eq!(name.parse::<TokenName>().unwrap().as_str(), name);
        }
        for name in ["", " a", "a\nb", &"x".repeat(65)] {
            assert!(name.parse::<TokenName>().is_err(), "{name:?}");
        }
    }
}
