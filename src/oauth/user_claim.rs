//! The claims about the user that can be requested: by their scope or by their name.

use super::scope::{Scope, Scopes};

/// A claim about the user that can be requested without its scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserClaim {
    /// `name`.
    Name,
    /// `given_name`.
    GivenName,
    /// `family_name`.
    FamilyName,
    /// `preferred_username`.
    PreferredUsername,
    /// `updated_at`.
    UpdatedAt,
    /// `email`.
    Email,
    /// `email_verified`.
    EmailVerified,
    /// `phone_number`.
    PhoneNumber,
    /// `phone_number_verified`.
    PhoneNumberVerified,
}

impl UserClaim {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Name,
        Self::GivenName,
        Self::FamilyName,
        Self::PreferredUsername,
        Self::UpdatedAt,
        Self::Email,
        Self::EmailVerified,
        Self::PhoneNumber,
        Self::PhoneNumberVerified,
    ];

    /// The name of the claim.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::GivenName => "given_name",
            Self::FamilyName => "family_name",
            Self::PreferredUsername => "preferred_username",
            Self::UpdatedAt => "updated_at",
            Self::Email => "email",
            Self::EmailVerified => "email_verified",
            Self::PhoneNumber => "phone_number",
            Self::PhoneNumberVerified => "phone_number_verified",
        }
    }

    /// The claim with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|claim| claim.as_str() == name)
    }

    /// The scope that requests it (OIDC Core §5.4).
    fn scope(self) -> Scope {
        match self {
            Self::Name
            | Self::GivenName
            | Self::FamilyName
            | Self::PreferredUsername
            | Self::UpdatedAt => Scope::Profile,
            Self::Email | Self::EmailVerified => Scope::Email,
            Self::PhoneNumber | Self::PhoneNumberVerified => Scope::Phone,
        }
    }
}

/// Claims about the user that are requested by name, in addition to those of the scopes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersonClaims(Vec<UserClaim>);

impl PersonClaims {
    /// Reads a space-separated list of claim names. Unknown names are ignored.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::named(|claim| text.split(' ').any(|word| word == claim))
    }

    /// The claims whose name `is_named`.
    pub(super) fn named(is_named: impl Fn(&str) -> bool) -> Self {
        let known = UserClaim::ALL.into_iter();
        Self(known.filter(|claim| is_named(claim.as_str())).collect())
    }

    /// The names of the claims.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|claim| claim.as_str())
    }

    /// Whether `claim` is requested, by its name or by its scope.
    #[must_use]
    pub fn is_requested(&self, claim: UserClaim, scopes: &Scopes) -> bool {
        scopes.contains(claim.scope()) || self.0.contains(&claim)
    }
}
