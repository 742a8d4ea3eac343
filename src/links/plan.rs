//! Turns rows and the people they match into changes: either all of them, or every mistake.

use std::collections::HashMap;
use std::sync::Arc;

use panda_oidc_sdk::Subject;

use super::{Disputed, Mistake, Row, RowMatch};
use crate::links::{LinkChange, LinkConflict, LinkKey, UniqueField};

/// Which matches are accepted, besides those by an identifier that nothing contradicts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trust {
    /// Accept the identifier of a row that contradicts it.
    pub id: bool,
    /// Accept a match by telephone number.
    pub phone: bool,
    /// Accept a match by name.
    pub name: bool,
    /// What becomes of rows without an accepted match.
    pub unaccepted: Unaccepted,
}

/// What becomes of rows without an accepted match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unaccepted {
    /// The whole table is refused.
    #[default]
    Refused,
    /// They are left out.
    LeftOut,
}

/// The changes to make.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The changes; no two concern the same link.
    pub changes: Arc<[LinkChange]>,
    /// The line that each change comes from.
    pub lines: Vec<u64>,
    /// The lines that were left out because they have no accepted match.
    pub skipped: Vec<u64>,
}

/// Plans the changes of `rows`; `found` holds the match of each row.
///
/// # Errors
///
/// Every mistake, if there is any.
pub fn plan(rows: Vec<Row>, found: &[RowMatch], trust: Trust) -> Result<Plan, Vec<Mistake>> {
    let mut plan = Plan::default();
    let mut changes: Vec<LinkChange> = Vec::with_capacity(rows.len());
    let mut mistakes = Vec::new();
    let mut seen: HashMap<LinkKey, usize> = HashMap::new();
    for (row, found) in rows.into_iter().zip(found) {
        let subject = match accepted(found, trust) {
            Ok(subject) => subject.clone(),
            Err(_) if trust.unaccepted == Unaccepted::LeftOut => {
                plan.skipped.push(row.line);
                continue;
            }
            Err((what, remedy)) => {
                mistakes.push(Mistake::at(row.line, what, remedy));
                continue;
            }
        };
        let link_key = LinkKey {
            subject,
            client: row.client,
        };
        match seen.get(&link_key) {
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
                seen.insert(link_key.clone(), changes.len());
                plan.lines.push(row.line);
                let edit = row.edit;
                changes.push(LinkChange { link_key, edit });
            }
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    plan.changes = changes.into();
    Ok(plan)
}

/// Why a row is refused, and the remedy.
type Refusal = (String, &'static str);

/// The matched person, if `trust` accepts the match.
fn accepted(found: &RowMatch, trust: Trust) -> Result<&Subject, Refusal> {
    match found {
        RowMatch::ByPhone(person) if !trust.phone => Err((
            format!("it is matched with {} by phone alone", person.subject),
            "see whether that is right (--dry-run); then write the id, or say --match phone",
        )),
        RowMatch::ByName(person) if !trust.name => Err((
            format!("it is matched with {} by name alone", person.subject),
            "see whether that is right (--dry-run); then write the id, or say --match name",
        )),
        RowMatch::Disputed(disputed) if !trust.id => Err((
            disputed.to_string(),
            "correct the id, or take the phone and the name out; if the id is right in all such rows, \
             say --match id",
        )),
        RowMatch::ById(subject, _) | RowMatch::Disputed(Disputed { subject, .. }) => Ok(subject),
        RowMatch::ByPhone(person) | RowMatch::ByName(person) => Ok(&person.subject),
        RowMatch::Ambiguous(people) => {
            let ids: Vec<_> = people.iter().map(|p| p.subject.as_str()).take(8).collect();
            let what = match &ids[..] {
                [id] => format!("it agrees with {id} in one thing and not in another"),
                _ => format!("it may be any of {}", ids.join(", ")),
            };
            Err((what, "write the id of the right one"))
        }
        RowMatch::Unmatched => Err((
            "nobody is known by what it says".to_owned(),
            "write the id, or leave such rows out with --skip-unmatched",
        )),
    }
}

/// The conflicts that the store found, as mistakes on the lines of `plan`.
#[must_use]
pub fn conflict_mistakes(plan: &Plan, conflicts: &[LinkConflict]) -> Vec<Mistake> {
    let mistakes = conflicts.iter().filter_map(|conflict| {
        let (line, change) = (
            plan.lines.get(conflict.change)?,
            plan.changes.get(conflict.change)?,
        );
        let what = describe_conflict(change, conflict);
        Some(Mistake::at(*line, what, "give each person an own one"))
    });
    mistakes.collect()
}

/// Describes the conflict between `change` and the link that already has the value.
#[must_use]
pub fn describe_conflict(change: &LinkChange, conflict: &LinkConflict) -> String {
    let (kind, text) = match conflict.what {
        UniqueField::Username => ("username", &change.edit.username),
        UniqueField::Email => ("address", &change.edit.email),
    };
    let whose = match &conflict.holder.client {
        Some(client) => format!("{} in {client}", conflict.holder.subject),
        None => format!("{} in all clients", conflict.holder.subject),
    };
    match text {
        Some(text) if *text == conflict.holder.subject.as_str() => format!(
            "the {kind} {text:?} is that of {whose}: a person without an account has their ID there"
        ),
        Some(text) => format!("the {kind} {text:?} is that of {whose}"),
        None => format!("the {kind} it keeps is that of {whose}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::Edit;

    #[test]
    fn a_username_that_is_an_id_is_said_to_be_one() {
        let change = |id: &str, username: &str| LinkChange {
            link_key: LinkKey {
                subject: Subject::new(id).unwrap(),
                client: Some("wiki".to_owned()),
            },
            edit: Edit {
                username: Some(username.to_owned()),
                ..Edit::default()
            },
        };
        let conflict = LinkConflict {
            change: 0,
            what: UniqueField::Username,
            holder: change("13", "").link_key,
        };
        let described = describe_conflict(&change("12", "13"), &conflict);
        assert!(described.contains("has their ID there"), "{described}");
        let described = describe_conflict(&change("12", "chentao"), &conflict);
        assert_eq!(described, "the username \"chentao\" is that of 13 in wiki");
    }
}
