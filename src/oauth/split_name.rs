//! `given_name` and `family_name`: a name in two parts, without the characters that Keycloak rejects.

use std::borrow::Cow;

use panda_oidc_sdk::Identity;

use crate::people::name;

/// Whose name is split into `given_name` and `family_name`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SplitNames {
    /// The names of people.
    #[default]
    People,
    /// The names of companies, ranks and accounts as well. Some clients prompt every user who lacks
    /// one of the two claims.
    Everybody,
    /// No names.
    None,
}

impl SplitNames {
    /// The name of a person, in two parts.
    pub(super) fn split(self, identity: &Identity) -> Option<Names<'_>> {
        if self == Self::None {
            return None;
        }
        let whole = identity.name.as_deref().map(str::trim);
        if let Some(name) = whole.and_then(name::split) {
            return Some(Names {
                given: Cow::Borrowed(name.given),
                family: name.family,
            });
        }
        (self == Self::Everybody).then(|| Names {
            given: plain(
                whole
                    .filter(|name| !name.is_empty())
                    .unwrap_or(identity.subject.as_str()),
            ),
            family: NO_FAMILY,
        })
    }
}

/// The `family_name` of a user who has none: everybody can see that it is a placeholder.
const NO_FAMILY: &str = "-";

/// A name in two parts, for `given_name` and `family_name`.
pub(super) struct Names<'a> {
    pub(super) given: Cow<'a, str>,
    pub(super) family: &'a str,
}

/// The characters that Keycloak rejects in a name (its validator
/// `person-name-prohibited-characters`).
const REJECTED_CHARS: &str = "<>&\"$%!#?§;*~/\\|^=[]{}()";

/// `name` with each character that Keycloak rejects replaced: by its full-width form if there is
/// one, else by a space.
fn plain(name: &str) -> Cow<'_, str> {
    let rejected = |c: char| c.is_control() || REJECTED_CHARS.contains(c);
    if !name.contains(rejected) {
        return Cow::Borrowed(name);
    }
    let replaced = name.chars().map(|c| match c {
        '!'..='~' if rejected(c) => char::from_u32(c as u32 + 0xfee0).unwrap_or(' '),
        c if rejected(c) => ' ',
        c => c,
    });
    Cow::Owned(replaced.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn characters_that_keycloak_rejects_are_replaced() {
        assert_eq!(plain("张三(测试)"), "张三（测试）");
        assert_eq!(plain("a/b\u{7}§"), "a／b  ");
        assert!(matches!(plain("新耀分公司"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn no_rejected_character_is_left(name in "\\PC{0,20}|[<>&\"$%!#?§;*~/\\\\|^=\\[\\]{}()]{0,9}") {
            let plain = plain(&name);
            prop_assert!(plain.chars().all(|c| !REJECTED_CHARS.contains(c)));
            prop_assert_eq!(plain.chars().count(), name.chars().count());
        }
    }
}
