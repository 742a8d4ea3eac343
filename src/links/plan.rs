//! From rows and whom they mean to changes: all of them, or everything that stands against it.

use std::collections::HashMap;
use std::sync::Arc;

use panda_oidc_sdk::Subject;

use super::{Found, Mistake, Row};
use crate::links::{Change, Place, TakenElsewhere, Unique};

/// What is taken for certain, beside identifiers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trust {
    /// That a telephone number is its owner's.
    pub phone: bool,
    /// That a name is one person's.
    pub name: bool,
    /// Rows that mean nobody for certain are left out instead of standing against the rest.
    pub skip: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The changes, each of another link.
    pub changes: Arc<[Change]>,
    /// The line each of them comes from.
    pub lines: Vec<u64>,
    /// The lines that were left out, since they mean nobody for certain.
    pub skipped: Vec<u64>,
}

/// Plans what `rows` say, each being about whom it was `found` to mean.
///
/// # Errors
///
/// Everything that stands against it.
pub fn plan(rows: Vec<Row>, found: &[Found], trust: Trust) -> Result<Plan, Vec<Mistake>> {
    let mut plan = Plan::default();
    let mut changes: Vec<Change> = Vec::with_capacity(rows.len());
    let mut mistakes = Vec::new();
    let mut seen: HashMap<Place, usize> = HashMap::new();
    for (row, found) in rows.into_iter().zip(found) {
        let subject = match certain(found, trust) {
            Ok(subject) => subject.clone(),
            Err(_) if trust.skip => {
                plan.skipped.push(row.line);
                continue;
            }
            Err((what, remedy)) => {
                mistakes.push(Mistake::at(row.line, what, remedy));
                continue;
            }
        };
        let place = Place {
            subject,
            client: row.client,
        };
        match seen.get(&place) {
            Some(first) if changes[*first].edit == row.edit => {}
            Some(first) => mistakes.push(Mistake::at(
                row.line,
                format!(
                    "line {} says otherwise of the same person in the same client",
                    plan.lines[*first]
                ),
                "keep one of the two",
            )),
            None => {
                seen.insert(place.clone(), changes.len());
                plan.lines.push(row.line);
                let edit = row.edit;
                changes.push(Change { place, edit });
            }
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    plan.changes = changes.into();
    Ok(plan)
}

/// What stands against a row, and the remedy.
type Refused = (String, &'static str);

/// Who is meant, if that is certain enough.
fn certain(found: &Found, trust: Trust) -> Result<&Subject, Refused> {
    match found {
        Found::ByPhone(person) if !trust.phone => Err((
            format!("it is matched with {} by phone alone", person.subject),
            "see whether that is right (--dry-run); then write the id, or say --match phone",
        )),
        Found::ByName(person) if !trust.name => Err((
            format!("it is matched with {} by name alone", person.subject),
            "see whether that is right (--dry-run); then write the id, or say --match name",
        )),
        Found::ById(subject, _) => Ok(subject),
        Found::ByPhone(person) | Found::ByName(person) => Ok(&person.subject),
        Found::Ambiguous(people) => {
            let ids: Vec<_> = people.iter().map(|p| p.subject.as_str()).take(8).collect();
            let what = match &ids[..] {
                [id] => format!("it agrees with {id} in one thing and not in another"),
                _ => format!("it may be any of {}", ids.join(", ")),
            };
            Err((what, "write the id of the right one"))
        }
        Found::Unmatched => Err((
            "nobody is known by what it says".to_owned(),
            "write the id, or leave such rows out with --skip-unmatched",
        )),
    }
}

/// What the store found to be other people's, by the lines of `plan`.
#[must_use]
pub fn taken(plan: &Plan, taken: &[TakenElsewhere]) -> Vec<Mistake> {
    let mistakes = taken.iter().filter_map(|taken| {
        let (line, change) = (
            plan.lines.get(taken.change)?,
            plan.changes.get(taken.change)?,
        );
        let what = taken_elsewhere(change, taken);
        Some(Mistake::at(*line, what, "give each person an own one"))
    });
    mistakes.collect()
}

/// What `change` wants and somebody else has, in words.
#[must_use]
pub fn taken_elsewhere(change: &Change, taken: &TakenElsewhere) -> String {
    let (kind, text) = match taken.what {
        Unique::Username => ("username", &change.edit.username),
        Unique::Email => ("address", &change.edit.email),
    };
    let whose = match &taken.holder.client {
        Some(client) => format!("{} in {client}", taken.holder.subject),
        None => format!("{} in all clients", taken.holder.subject),
    };
    match text {
        Some(text) => format!("the {kind} {text:?} is that of {whose}"),
        None => format!("the {kind} it keeps is that of {whose}"),
    }
}
