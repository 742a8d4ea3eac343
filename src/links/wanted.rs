//! People who are looked for, and when two texts are the same to a client.

use std::collections::HashSet;

use panda_oidc_sdk::Subject;

/// What two texts have in common that are the same to a client: Keycloak and most others ignore case,
/// and nobody sees the difference between a wide letter and another, or between two ways to write `é`.
#[must_use]
pub fn folded(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// People who are looked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// By identifier.
    pub subjects: HashSet<Subject>,
    /// By telephone number, in E.164.
    pub phones: HashSet<String>,
    /// By name, as [`Wanted::name`] makes them.
    pub names: HashSet<String>,
}

impl Wanted {
    /// A name without what differs between two who write it down: width, case and spaces.
    #[must_use]
    pub fn name(name: &str) -> String {
        use unicode_normalization::UnicodeNormalization as _;
        let letters = name.nfkc().filter(|c| !c.is_whitespace());
        letters.flat_map(char::to_lowercase).collect()
    }

    /// Whether `name` and `phone`, as the portal has them, or `subject` are looked for.
    #[must_use]
    pub fn includes(&self, subject: &Subject, name: Option<&str>, phone: Option<&str>) -> bool {
        let by_name = |name: &str| !self.names.is_empty() && self.names.contains(&Self::name(name));
        let by_phone = |phone: &str| {
            !self.phones.is_empty()
                && crate::oauth::phone::e164(phone)
                    .is_some_and(|phone| self.phones.contains(&phone))
        };
        self.subjects.contains(subject) || name.is_some_and(by_name) || phone.is_some_and(by_phone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_however_it_is_spaced_and_cased() {
        assert_eq!(Wanted::name(" 陈　涛 "), Wanted::name("陈涛"));
        assert_eq!(Wanted::name("Ｃhen Tao"), Wanted::name("chen tao"));
        assert_ne!(Wanted::name("陈涛"), Wanted::name("陈滔"));
    }
}
