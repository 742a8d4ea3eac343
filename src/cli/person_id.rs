//! An id of the portal, as an argument.

use panda_oidc::people::{UnreadableId, parse_user_id};
use panda_oidc_sdk::Subject;

/// An id as it was written. Tables and configurations read ids in the same way.
#[derive(Debug, Clone)]
pub(super) struct PersonId {
    /// The text itself, if an id may look so.
    literal: Option<Subject>,
    /// The id that the text means.
    meant: Result<Subject, UnreadableId>,
}

impl PersonId {
    /// Reads an argument. Refuses what can be nobody's id.
    pub(super) fn parse(written: &str) -> Result<Self, UnreadableId> {
        let literal = Subject::new(written).ok();
        match (literal, parse_user_id(written)) {
            (None, Err(error)) => Err(error),
            (literal, meant) => Ok(Self { literal, meant }),
        }
    }

    /// The id for something new.
    pub(super) fn meant(&self) -> Result<&Subject, &UnreadableId> {
        self.meant.as_ref()
    }

    /// The ids to look up, in this order. The text itself comes first: an earlier import may have stored
    /// `18.0` as it is, and that can still be shown and removed.
    pub(super) fn candidates(&self) -> impl Iterator<Item = &Subject> {
        let meant = self.meant.as_ref().ok();
        let other = meant.filter(|meant| Some(*meant) != self.literal.as_ref());
        self.literal.iter().chain(other)
    }
}

/// The error for an id that nobody has.
pub(super) fn unknown_user(id: &str) -> String {
    format!("nobody is known by the id {id}; `panda-oidc users list` shows who is")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(written: &str) -> Vec<String> {
        let id = PersonId::parse(written).unwrap();
        id.candidates().map(ToString::to_string).collect()
    }

    #[test]
    fn a_stored_text_comes_before_what_it_means() {
        assert_eq!(candidates("17"), ["17"]);
        assert_eq!(candidates("17.0"), ["17.0", "17"]);
        assert_eq!(candidates(" １７"), ["17"]);
        assert_eq!(candidates("1,010"), ["1,010"]);
        assert!(PersonId::parse("1,010").unwrap().meant().is_err());
        assert!(PersonId::parse("陈涛").is_err());
    }
}
