//! The scopes that this provider supports (RFC 6749 §3.3).

use std::fmt;

/// A supported scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Makes the request an OpenID Connect one: an ID token is issued (OIDC Core §3.1.2.1).
    Openid,
    /// `name`, `given_name`, `family_name`, `preferred_username`, `updated_at` (OIDC Core §5.4).
    Profile,
    /// `email`, `email_verified`, for clients that get addresses.
    Email,
    /// `phone_number`, `phone_number_verified`.
    Phone,
    /// A refresh token that outlives the session (OIDC Core §11).
    OfflineAccess,
}

impl Scope {
    /// Every known scope, in the order discovery lists them.
    pub const ALL: [Self; 5] = [
        Self::Openid,
        Self::Profile,
        Self::Email,
        Self::Phone,
        Self::OfflineAccess,
    ];

    /// The scope as it is sent.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Openid => "openid",
            Self::Profile => "profile",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::OfflineAccess => "offline_access",
        }
    }
}

/// A set of known scopes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Reads a space-separated list. Unknown scopes are ignored (OIDC Core §3.1.2.1: "Scope values
    /// used that are not understood by an implementation SHOULD be ignored").
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let known = Scope::ALL.into_iter();
        Self(
            known
                .filter(|scope| text.split(' ').any(|word| word == scope.as_str()))
                .collect(),
        )
    }

    /// The scope `openid` alone.
    #[must_use]
    pub fn openid() -> Self {
        Self(vec![Scope::Openid])
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the set contains `scope`.
    #[must_use]
    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// The set without `scope`.
    #[must_use]
    pub fn without(mut self, scope: Scope) -> Self {
        self.0.retain(|kept| *kept != scope);
        self
    }

    /// Those of these scopes that `others` contains too.
    #[must_use]
    pub fn within(mut self, others: &Self) -> Self {
        self.0.retain(|kept| others.contains(*kept));
        self
    }

    /// Whether `others` contains all of these scopes.
    #[must_use]
    pub fn is_subset_of(&self, others: &Self) -> bool {
        self.0.iter().all(|scope| others.contains(*scope))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn unknown_scopes_are_ignored_and_known_ones_kept_once() {
        let scopes = Scopes::parse("user:email openid profile openid");
        assert_eq!(scopes.to_string(), "openid profile");
        assert_eq!(Scopes::parse("user:email").to_string(), "");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in "(openid|profile|email|phone|offline_access|x| )*") {
            let scopes = Scopes::parse(&text);
            prop_assert_eq!(Scopes::parse(&scopes.to_string()), scopes);
        }
    }
}
