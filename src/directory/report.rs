//! The report of the last directory reading, for the operator.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::removal_guard::Anomaly;

/// The report of the last reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// When the reading ended.
    pub at: DateTime<Utc>,
    /// When the last complete reading ended, this one or an earlier one.
    pub complete_at: Option<DateTime<Utc>>,
    /// The removals that are blocked since then, until a reading is complete.
    #[serde(rename = "held", default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<Blocked>,
    /// The outcome of the reading.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// The outcome of a reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The list was read and its changes were applied.
    Complete {
        /// How many users are listed.
        listed: u64,
        /// How many of them are new, changed or listed again.
        changed: u64,
        /// How many are missing for the first time.
        absent: u64,
        /// How many are missing for the second time, and so have left.
        left: u64,
        /// How many entries name no user.
        unusable: u64,
    },
    /// The list was read, and the removal guard refused it. Nothing was changed.
    #[serde(rename = "braked")]
    Blocked {
        /// How many users are listed.
        listed: u64,
        /// How many are missing.
        missing: u64,
        /// Why it was refused.
        #[serde(rename = "doubt")]
        anomaly: Anomaly,
    },
    /// The list could not be read. Nothing was changed.
    Failed {
        /// The cause.
        why: String,
    },
}

/// Blocked removals: users are missing from a list that the removal guard refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Blocked {
    /// How many are missing.
    pub missing: u64,
    /// Why the list was refused.
    #[serde(rename = "doubt")]
    pub anomaly: Anomaly,
}

impl Report {
    /// The report of a reading that ended with `outcome` at `now`. `before` is the previous report.
    #[must_use]
    pub fn after(before: Option<Self>, outcome: Outcome, now: DateTime<Utc>) -> Self {
        let (complete_at, blocked) =
            before.map_or((None, None), |report| (report.complete_at, report.blocked));
        let (complete_at, blocked) = match outcome {
            Outcome::Complete { .. } => (Some(now), None),
            Outcome::Blocked {
                missing, anomaly, ..
            } => (complete_at, Some(Blocked { missing, anomaly })),
            // Without a list, the same removals stay blocked.
            Outcome::Failed { .. } => (complete_at, blocked),
        };
        Self {
            at: now,
            complete_at,
            blocked,
            outcome,
        }
    }
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { missing, anomaly } = self;
        if *missing == 0 {
            return write!(
                f,
                "nobody is missing, and yet THE LIST IS NOT TRUSTED, and nothing is changed: {anomaly}. If \
                 every reading ends like this and the list is right, take it as it is with \
                 `panda-oidc users sync --accept-removals`"
            );
        }
        write!(
            f,
            "{missing} are missing, and NOBODY IS REMOVED: {anomaly}. If that is right, say so with \
             `panda-oidc users sync --accept-removals`"
        )
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
            Self::Blocked {
                listed,
                missing,
                anomaly,
            } => {
                let (missing, anomaly) = (*missing, *anomaly);
                write!(
                    f,
                    "{listed} people are listed; {}",
                    Blocked { missing, anomaly }
                )
            }
            Self::Failed { why } => {
                write!(f, "the list could not be read: {why}. Nothing was changed")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_not_trusted_although_nobody_is_missing_is_not_reported_as_removals() {
        let blocked = |missing| Blocked {
            missing,
            anomaly: Anomaly::Unstable,
        };
        let none = blocked(0).to_string();
        assert!(none.starts_with("nobody is missing, and yet"), "{none}");
        let some = blocked(1).to_string();
        assert!(
            some.starts_with("1 are missing, and NOBODY IS REMOVED"),
            "{some}"
        );
    }

    #[test]
    fn removals_stay_blocked_until_a_reading_is_complete() {
        let now = DateTime::UNIX_EPOCH;
        let blocked = Outcome::Blocked {
            listed: 6,
            missing: 54,
            anomaly: Anomaly::Unstable,
        };
        let complete = Outcome::Complete {
            listed: 60,
            changed: 0,
            absent: 0,
            left: 0,
            unusable: 0,
        };
        let failed = Outcome::Failed {
            why: "the portal is down".to_owned(),
        };
        let first = Report::after(None, complete.clone(), now);
        assert_eq!((first.complete_at, &first.blocked), (Some(now), &None));
        let second = Report::after(Some(first), blocked, now);
        let third = Report::after(Some(second.clone()), failed, now);
        assert!(second.blocked.is_some() && third.blocked == second.blocked);
        assert_eq!(third.complete_at, Some(now));
        assert_eq!(Report::after(Some(third), complete, now).blocked, None);
    }
}
