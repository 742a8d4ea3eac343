//! What a reading came to, for the operator.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::doubt::Doubt;

/// What the last reading came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// When a reading was complete last, this one or one before.
    pub complete_at: Option<DateTime<Utc>>,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// How a reading ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The list was read, and all it says holds.
    Complete {
        /// How many people are listed.
        listed: u64,
        /// How many of them are new, changed or back.
        changed: u64,
        /// How many are not listed for the first time.
        absent: u64,
        /// How many were not listed again, and are gone.
        left: u64,
        /// Entries that name nobody.
        unusable: u64,
    },
    /// The list was read, and nobody who is missing from it is taken for gone.
    Braked {
        /// How many people are listed.
        listed: u64,
        /// How many of them are new, changed or back.
        changed: u64,
        /// How many are missing.
        missing: u64,
        /// Why.
        doubt: Doubt,
    },
    /// The list could not be read. Nothing was changed.
    Failed {
        /// Why.
        why: String,
    },
}

impl Report {
    /// Whether the list was read and all it says holds.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self.outcome, Outcome::Complete { .. })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete {
                listed,
                changed,
                absent,
                left,
                unusable,
            } => {
                write!(
                    f,
                    "{listed} people are listed; {changed} new or changed, {absent} missing for the first time, {left} gone"
                )?;
                match unusable {
                    0 => Ok(()),
                    some => write!(f, "; {some} entries name nobody"),
                }
            }
            Self::Braked {
                listed,
                changed,
                missing,
                doubt,
            } => write!(
                f,
                "{listed} people are listed, {changed} new or changed; {missing} are missing, and NOBODY IS REMOVED: {doubt}. \
                 If that is right, say so with `panda-oidc users sync --accept-removals`"
            ),
            Self::Failed { why } => {
                write!(f, "the list could not be read: {why}. Nothing was changed")
            }
        }
    }
}
