//! Criteria for looking people up, and the form in which clients compare texts.

use std::collections::HashSet;

use panda_oidc_sdk::Subject;

use crate::csv_text::cell::is_invisible;
use crate::oauth::phone::e164;

/// Folds a text so that texts which are equal to a client become equal. Keycloak and most clients
/// ignore case. People cannot see the difference between full-width and ordinary letters, or between
/// two encodings of `é`.
#[must_use]
pub fn fold_case(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// The digits of a text, half-width.
#[must_use]
pub(super) fn digits(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    text.nfkc().filter(char::is_ascii_digit).collect()
}

/// The people to look up. A person matches by any one of the criteria.
#[derive(Debug, Clone, Default)]
pub struct PersonQuery {
    /// By identifier.
    pub subjects: HashSet<Subject>,
    /// By telephone number, normalized by [`PersonQuery::phone`].
    pub phones: HashSet<String>,
    /// By name, normalized by [`PersonQuery::name`].
    pub names: HashSet<String>,
}

impl PersonQuery {
    /// Normalizes a name: width, case, spaces and invisible characters do not count.
    #[must_use]
    pub fn name(name: &str) -> String {
        use unicode_normalization::UnicodeNormalization as _;
        let letters = name
            .nfkc()
            .filter(|c| !c.is_whitespace() && !is_invisible(*c));
        letters.flat_map(char::to_lowercase).collect()
    }

    /// Normalizes a telephone number: E.164 or, where that is not certain, its digits. `None` for a text
    /// with fewer digits than any number of a subscriber, such as `无`.
    #[must_use]
    pub fn phone(number: &str) -> Option<String> {
        e164(number).or_else(|| Some(digits(number)).filter(|digits| digits.len() >= 7))
    }

    /// Whether a person matches. `name` and `phone` are as the portal has them.
    #[must_use]
    pub fn includes(&self, subject: &Subject, name: Option<&str>, phone: Option<&str>) -> bool {
        let by_name = |name: &str| !self.names.is_empty() && self.names.contains(&Self::name(name));
        let by_phone = |phone: &str| {
            !self.phones.is_empty()
                && Self::phone(phone).is_some_and(|phone| self.phones.contains(&phone))
        };
        self.subjects.contains(subject) || name.is_some_and(by_name) || phone.is_some_and(by_phone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_however_it_is_spaced_and_cased() {
        assert_eq!(PersonQuery::name(" 陈　涛 "), PersonQuery::name("陈涛"));
        assert_eq!(
            PersonQuery::name("Ｃhen Tao"),
            PersonQuery::name("chen tao")
        );
        assert_ne!(PersonQuery::name("陈涛"), PersonQuery::name("陈滔"));
    }
}
