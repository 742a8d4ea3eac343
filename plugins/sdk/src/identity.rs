//! The identity of a user, in the form that every provider returns.

use std::fmt;

use crate::display_text::display_text;

/// A user of the outside system. A provider makes it with [`Identity::new`].
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The identifier. It never changes and is never reassigned to another person.
    pub subject: Subject,
    /// The display name. It is not unique and may change; `None` where the system has none.
    pub name: Option<String>,
    /// The telephone number as the system stores it, in any format.
    pub phone: Option<String>,
}

impl Identity {
    /// The user `subject`. `name` and `phone` may come as the system stores them: padded, with control
    /// characters, blank, too long. Only what people can see of them is kept.
    #[must_use]
    pub fn new(subject: Subject, name: Option<&str>, phone: Option<&str>) -> Self {
        Self {
            subject,
            name: name.and_then(display_text),
            phone: phone.and_then(display_text),
        }
    }
}

/// Shows only the subject: names and numbers are personal data and must not reach the logs.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// A subject identifier: 1 to 255 visible ASCII characters (OIDC Core §2, `sub`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject(String);

impl Subject {
    /// The longest subject OpenID Connect allows, in characters.
    pub const MAX: usize = 255;

    /// Checks `subject`.
    ///
    /// # Errors
    ///
    /// [`InvalidSubject`] when it is empty, longer than [`Subject::MAX`] or contains a character that
    /// is not visible ASCII.
    pub fn new(subject: impl Into<String>) -> Result<Self, InvalidSubject> {
        let subject = subject.into();
        if subject.is_empty() {
            return Err(InvalidSubject("it is empty"));
        }
        if subject.len() > Self::MAX {
            return Err(InvalidSubject("it is longer than 255 characters"));
        }
        if !subject.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidSubject("it holds more than visible ASCII"));
        }
        Ok(Self(subject))
    }

    /// The identifier as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text cannot be a [`Subject`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a subject identifier: {0}")]
pub struct InvalidSubject(&'static str);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_subject_accepts_what_openid_connect_allows(text in any::<String>()) {
            let allowed = (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
            prop_assert_eq!(Subject::new(text).is_ok(), allowed);
        }
    }

    #[test]
    fn debug_output_shows_only_the_subject() {
        let identity = Identity {
            subject: Subject::new("1").unwrap(),
            name: Some("陈涛".to_owned()),
            phone: Some("1822199904".to_owned()),
        };
        let debug = format!("{identity:?}");
        assert!(
            !debug.contains("陈涛") && !debug.contains("1822199904"),
            "{debug}"
        );
    }
}
