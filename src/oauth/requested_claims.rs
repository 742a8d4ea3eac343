//! The claims that a request names, in the form in which a grant stores them.

use std::fmt;

use super::user_claim::PersonClaims;

/// Claims about the user that a request names, separately for the ID token and for userinfo (OIDC Core
/// §5.5).
///
/// A scope adds its claims to both. A claim that is named for one is not added to the other: more
/// parties get to see an ID token than a userinfo response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestedClaims {
    /// For the ID token.
    pub id_token: PersonClaims,
    /// For userinfo.
    pub userinfo: PersonClaims,
}

impl RequestedClaims {
    /// Reads the format that [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let of = |prefix: &str| {
            let words = text.split(' ');
            let claims: Vec<_> = words.filter_map(|word| word.strip_prefix(prefix)).collect();
            PersonClaims::parse(&claims.join(" "))
        };
        Self {
            id_token: of("id_token."),
            userinfo: of("userinfo."),
        }
    }
}

impl fmt::Display for RequestedClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = |member: &'static str, claims: &PersonClaims| -> Vec<String> {
            let names = claims.names();
            names.map(|name| format!("{member}.{name}")).collect()
        };
        let all = [
            written("id_token", &self.id_token),
            written("userinfo", &self.userinfo),
        ];
        f.write_str(&all.concat().join(" "))
    }
}
