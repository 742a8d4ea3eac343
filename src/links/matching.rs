//! Whom a row means.
//!
//! An identifier says it. A telephone number or a name only points at somebody, and only if it
//! points at one person and nothing else in the row points away from them.

use std::collections::HashMap;

use panda_oidc_sdk::{Identity, Subject};
use unicode_normalization::UnicodeNormalization as _;

use super::Row;
use crate::links::Wanted;
use crate::oauth::phone::e164;

/// Whom a row means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The row has their identifier. Holds what is known of them, if they have been heard of.
    ById(Subject, Option<Identity>),
    /// Theirs alone is the telephone number.
    ByPhone(Identity),
    /// Theirs alone is the name.
    ByName(Identity),
    /// It may be one of these, or the row contradicts what is known of them.
    Ambiguous(Vec<Identity>),
    /// Nobody is known by what the row says.
    Unmatched,
}

impl Found {
    /// Who it is, if that is clear.
    #[must_use]
    pub fn subject(&self) -> Option<&Subject> {
        match self {
            Self::ById(subject, _) => Some(subject),
            Self::ByPhone(person) | Self::ByName(person) => Some(&person.subject),
            Self::Ambiguous(_) | Self::Unmatched => None,
        }
    }
}

/// Who has to be known to say whom `rows` mean.
#[must_use]
pub fn wanted(rows: &[Row]) -> Wanted {
    let mut wanted = Wanted::default();
    for row in rows {
        if let Some(subject) = &row.subject {
            wanted.subjects.insert(subject.clone());
            continue;
        }
        wanted.phones.extend(row.e164());
        wanted.names.extend(row.name.as_deref().map(Wanted::name));
    }
    wanted
}

/// Whom each of `rows` means, of `people`.
#[must_use]
pub fn find(rows: &[Row], people: &[Identity]) -> Vec<Found> {
    let mut known = Known::default();
    for person in people {
        known.subjects.insert(&person.subject, person);
        if let Some(phone) = person.phone.as_deref().and_then(e164) {
            known.phones.entry(phone).or_default().push(person);
        }
        if let Some(name) = person.name.as_deref().map(Wanted::name) {
            known.names.entry(name).or_default().push(person);
        }
    }
    rows.iter().map(|row| known.meant_by(row)).collect()
}

#[derive(Default)]
struct Known<'a> {
    subjects: HashMap<&'a Subject, &'a Identity>,
    phones: HashMap<String, Vec<&'a Identity>>,
    names: HashMap<String, Vec<&'a Identity>>,
}

impl Known<'_> {
    fn meant_by(&self, row: &Row) -> Found {
        if let Some(subject) = &row.subject {
            let known = self.subjects.get(subject);
            return Found::ById(subject.clone(), known.map(|person| (*person).clone()));
        }
        let phone = row.e164();
        let name = row.name.as_deref().map(Wanted::name);
        let has_name = |person: &Identity| match (&name, &person.name) {
            (Some(written), Some(known)) => *written == Wanted::name(known),
            _ => true,
        };
        let has_phone = |person: &Identity| match (&row.phone, &person.phone) {
            (Some(written), Some(known)) => is_same_number(written, known),
            _ => true,
        };
        if let Some(people) = phone.as_ref().and_then(|phone| self.phones.get(phone)) {
            // A number may be a family's, or an office's; or somebody else's by now.
            return one(people, has_name, Found::ByPhone);
        }
        if let Some(people) = name.as_ref().and_then(|name| self.names.get(name)) {
            // Of two people of one name nobody is picked because the other has another number:
            // the row's may be one nobody has told the portal of.
            if let [person] = people[..]
                && has_phone(person)
            {
                return Found::ByName(person.clone());
            }
            return Found::Ambiguous(people.iter().copied().cloned().collect());
        }
        Found::Unmatched
    }
}

/// Whether two numbers are the same: in their international form, or to the digit where there is none.
/// What has no digit, such as `无`, is no number and contradicts none.
fn is_same_number(written: &str, known: &str) -> bool {
    let digits = |text: &str| text.nfkc().filter(char::is_ascii_digit).collect::<String>();
    match (e164(written), e164(known)) {
        (Some(written), Some(known)) => written == known,
        _ => [digits(known), String::new()].contains(&digits(written)),
    }
}

/// The one of `people` of whom `holds` is true; all of them if there is not one.
fn one(
    people: &[&Identity],
    holds: impl Fn(&Identity) -> bool,
    found: impl Fn(Identity) -> Found,
) -> Found {
    let mut fitting = people.iter().filter(|person| holds(person));
    match (fitting.next(), fitting.next()) {
        (Some(person), None) => found((*person).clone()),
        _ => Found::Ambiguous(people.iter().copied().cloned().collect()),
    }
}
