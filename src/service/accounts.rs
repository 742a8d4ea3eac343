//! Sets the account of one person in a client.

use chrono::{DateTime, Utc};

use crate::links::{ApplyOutcome, LinkChange, PersonQuery, describe_conflict};
use crate::store::{Links, StoreError};

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetOutcome {
    /// The account is as requested.
    Done {
        /// Whether the store knows the person, from the directory or a sign-in.
        person_is_known: bool,
    },
    /// Nothing was changed: a username or address belongs to another person. Says which.
    Taken(String),
}

/// Changes one account.
///
/// # Errors
///
/// When the store fails.
pub async fn set_account(
    store: &dyn Links,
    change: LinkChange,
    now: DateTime<Utc>,
) -> Result<SetOutcome, StoreError> {
    match store.apply([change.clone()].into(), now).await? {
        ApplyOutcome::Done(_) => {
            let mut query = PersonQuery::default();
            query.subjects.insert(change.link_key.subject);
            let found = store.find_people(query).await?;
            Ok(SetOutcome::Done {
                person_is_known: !found.is_empty(),
            })
        }
        ApplyOutcome::Taken(taken) => {
            let conflicts = taken.iter().map(|taken| describe_conflict(&change, taken));
            Ok(SetOutcome::Taken(conflicts.collect::<Vec<_>>().join("; ")))
        }
    }
}
