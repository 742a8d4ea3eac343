//! Finds the person that a row is about.
//!
//! An identifier decides, unless the row's telephone number or name contradicts it: an application's own
//! table has ids too, and they are other people's. A telephone number or a name is only a hint: it counts
//! if it matches exactly one person and nothing else in the row contradicts that person.

use std::collections::HashMap;
use std::fmt;

use panda_oidc_sdk::{Identity, Subject};

use super::Row;
use super::wanted::digits;
use crate::links::PersonQuery;
use crate::oauth::phone::e164;

/// How many people a message lists at most.
const MAX_LISTED: usize = 8;

/// The person that a row is about, and how they were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowMatch {
    /// The row has their identifier. Holds the person, if the store knows them.
    ById(Subject, Option<Identity>),
    /// The row has their identifier, and a telephone number or name that is not theirs.
    Disputed(Disputed),
    /// They alone have the telephone number.
    ByPhone(Identity),
    /// They alone have the name.
    ByName(Identity),
    /// The row may mean any of these people, or it contradicts what is known of the one person.
    Ambiguous(Vec<Identity>),
    /// No known person matches the row.
    Unmatched,
}

/// A row whose identifier and telephone number or name do not belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disputed {
    /// The identifier in the row.
    pub subject: Subject,
    /// Who has it, if the store knows them.
    pub known: Option<Identity>,
    /// The other people who have the telephone number or the name.
    pub others: Vec<Identity>,
}

/// Names ids alone, so that it can be logged.
impl fmt::Display for Disputed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = &self.subject;
        if self.others.is_empty() {
            return write!(
                f,
                "its id is {subject}, who is known by another phone or name"
            );
        }
        let ids = self.others.iter().map(|person| person.subject.as_str());
        let ids = ids.take(MAX_LISTED).collect::<Vec<_>>().join(", ");
        write!(
            f,
            "its id is {subject}, and its phone or name is that of {ids}"
        )
    }
}

impl RowMatch {
    /// The person's identifier, if the match is unique.
    #[must_use]
    pub fn subject(&self) -> Option<&Subject> {
        match self {
            Self::ById(subject, _) => Some(subject),
            Self::ByPhone(person) | Self::ByName(person) => Some(&person.subject),
            Self::Disputed(_) | Self::Ambiguous(_) | Self::Unmatched => None,
        }
    }
}

/// The people to look up in the store before [`match_rows`] can match `rows`.
#[must_use]
pub fn person_query(rows: &[Row]) -> PersonQuery {
    let mut query = PersonQuery::default();
    for row in rows {
        if let Some(subject) = &row.subject {
            query.subjects.insert(subject.clone());
        }
        let phone = row.phone.as_deref().and_then(PersonQuery::phone);
        query.phones.extend(phone);
        query
            .names
            .extend(row.name.as_deref().map(PersonQuery::name));
    }
    query
}

/// Matches each of `rows` with one of `people`.
#[must_use]
pub fn match_rows(rows: &[Row], people: &[Identity]) -> Vec<RowMatch> {
    let mut index = PeopleIndex::default();
    for person in people {
        index.subjects.insert(&person.subject, person);
        if let Some(phone) = person.phone.as_deref().and_then(PersonQuery::phone) {
            index.phones.entry(phone).or_default().push(person);
        }
        if let Some(name) = person.name.as_deref().map(PersonQuery::name) {
            index.names.entry(name).or_default().push(person);
        }
    }
    rows.iter().map(|row| index.find(row)).collect()
}

/// The known people, indexed by what a row may say of them.
#[derive(Default)]
struct PeopleIndex<'a> {
    subjects: HashMap<&'a Subject, &'a Identity>,
    phones: HashMap<String, Vec<&'a Identity>>,
    names: HashMap<String, Vec<&'a Identity>>,
}

impl PeopleIndex<'_> {
    fn find(&self, row: &Row) -> RowMatch {
        let name = row.name.as_deref().map(PersonQuery::name);
        let has_name = |person: &Identity| match (&name, &person.name) {
            (Some(written), Some(known)) => *written == PersonQuery::name(known),
            _ => true,
        };
        let has_phone = |person: &Identity| match (&row.phone, &person.phone) {
            (Some(written), Some(known)) => is_same_number(written, known),
            _ => true,
        };
        if let Some(subject) = &row.subject {
            let known = self.subjects.get(subject).copied();
            let phone = row.phone.as_deref().and_then(PersonQuery::phone);
            let with_phone = phone.and_then(|phone| self.phones.get(&phone));
            let with_name = name.as_ref().and_then(|name| self.names.get(name));
            let of_others = |with: Option<&Vec<&Identity>>| {
                with.is_some_and(|people| people.iter().all(|person| person.subject != *subject))
            };
            let agrees = known.is_none_or(|person| has_name(person) && has_phone(person));
            if agrees && !of_others(with_phone) && !of_others(with_name) {
                return RowMatch::ById(subject.clone(), known.cloned());
            }
            let mut others: Vec<&Identity> = Vec::new();
            for person in [with_phone, with_name].into_iter().flatten().flatten() {
                if person.subject != *subject && !others.contains(person) {
                    others.push(person);
                }
            }
            return RowMatch::Disputed(Disputed {
                subject: subject.clone(),
                known: known.cloned(),
                others: others.into_iter().cloned().collect(),
            });
        }
        let phone = row.e164();
        if let Some(people) = phone.as_ref().and_then(|phone| self.phones.get(phone)) {
            // A family or an office may share a number, or it may have another owner by now.
            return one(people, has_name, RowMatch::ByPhone);
        }
        if let Some(people) = name.as_ref().and_then(|name| self.names.get(name)) {
            // The number does not choose between two people of the same name: the row may have a
            // number that the portal does not know.
            if let [person] = people[..]
                && has_phone(person)
            {
                return RowMatch::ByName(person.clone());
            }
            return RowMatch::Ambiguous(people.iter().copied().cloned().collect());
        }
        RowMatch::Unmatched
    }
}

/// Whether two numbers are the same. They are compared in E.164, or digit by digit if either has no
/// E.164 form. A text without digits, such as `无`, is not a number and contradicts nothing.
fn is_same_number(written: &str, known: &str) -> bool {
    match (e164(written), e164(known)) {
        (Some(written), Some(known)) => written == known,
        _ => [digits(known), String::new()].contains(&digits(written)),
    }
}

/// The only one of `people` for whom `holds` is true. Without exactly one, all of them are ambiguous.
fn one(
    people: &[&Identity],
    holds: impl Fn(&Identity) -> bool,
    found: impl Fn(Identity) -> RowMatch,
) -> RowMatch {
    let mut matching = people.iter().filter(|person| holds(person));
    match (matching.next(), matching.next()) {
        (Some(person), None) => found((*person).clone()),
        _ => RowMatch::Ambiguous(people.iter().copied().cloned().collect()),
    }
}
