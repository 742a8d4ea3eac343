//! Guards against accidental removal: a fault of the portal must not lock out a whole utility (N71,
//! docs/security.md).

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// Why no user is removed although users are missing from the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Anomaly {
    /// The list is empty.
    Empty,
    /// More users are missing than are allowed at once.
    TooMany {
        /// How many users are missing.
        missing: u64,
        /// How many are allowed.
        allowed: u64,
    },
    /// The list reports a count that differs from its number of entries.
    Count {
        /// The count that the list reports.
        said: u64,
        /// The number of entries, including duplicates.
        found: u64,
    },
    /// The list changed during each attempt to read it.
    #[serde(rename = "moved")]
    Unstable,
}

impl fmt::Display for Anomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "the list is empty"),
            Self::TooMany { missing, allowed } => write!(
                f,
                "{missing} people are missing at once, more than the {allowed} that directory.max_removal allows"
            ),
            Self::Count { said, found } => write!(
                f,
                "the list says that it has {said} entries and its pages have {found}"
            ),
            Self::Unstable => write!(f, "the list changed while it was read, each time anew"),
        }
    }
}

/// What a reading of the list found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// How many users are listed, without duplicates.
    pub listed: u64,
    /// How many entries there are, including unusable ones and duplicates.
    pub found: u64,
    /// The count that the portal reports.
    pub reported: u64,
    /// How many entries name no user.
    pub unusable: u64,
    /// Whether the list seems to have changed meanwhile: the count changed, or a user appeared twice.
    pub changed_meanwhile: bool,
    /// A fingerprint of the entries, independent of their order.
    pub fingerprint: u64,
}

/// A share of all users, written `"5%"`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RemovalLimit(pub f64);

impl RemovalLimit {
    /// The share of `known` users, rounded up, so that a small utility can always remove one user unless
    /// the share is zero.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rough share of users needs no exact arithmetic"
    )]
    pub fn of(self, known: u64) -> u64 {
        (known as f64 * self.0).ceil() as u64
    }
}

impl<'de> Deserialize<'de> for RemovalLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let percent = text
            .strip_suffix('%')
            .and_then(|number| number.trim().parse::<f64>().ok());
        match percent {
            Some(percent) if (0.0..=100.0).contains(&percent) => Ok(Self(percent / 100.0)),
            _ => Err(D::Error::custom(
                "it takes a share between \"0%\" and \"100%\"",
            )),
        }
    }
}

/// Checks whether the users who are missing from the list, `missing` of `known`, may be treated as gone.
///
/// # Errors
///
/// The [`Anomaly`] in the reading.
pub fn check(
    reading: &Reading,
    missing: u64,
    known: u64,
    limit: RemovalLimit,
) -> Result<(), Anomaly> {
    if reading.listed == 0 && known > 0 {
        return Err(Anomaly::Empty);
    }
    if reading.changed_meanwhile {
        return Err(Anomaly::Unstable);
    }
    if reading.reported != reading.found {
        return Err(Anomaly::Count {
            said: reading.reported,
            found: reading.found,
        });
    }
    let allowed = limit.of(known);
    if missing > allowed {
        return Err(Anomaly::TooMany { missing, allowed });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::directory::removal_guard::*;
    use proptest::prelude::*;

    fn listed(listed: u64) -> Reading {
        Reading {
            listed,
            found: listed,
            reported: listed,
            ..Reading::default()
        }
    }

    #[test]
    fn n71_a_list_that_shrinks_to_nothing_removes_nobody() {
        assert_eq!(
            check(&listed(0), 1, 1, RemovalLimit(1.0)),
            Err(Anomaly::Empty)
        );
        assert_eq!(check(&listed(0), 0, 0, RemovalLimit(0.05)), Ok(()));
    }

    #[test]
    fn more_than_the_limit_at_once_is_refused_and_a_single_user_never() {
        assert_eq!(check(&listed(95), 5, 100, RemovalLimit(0.05)), Ok(()));
        let anomaly = Anomaly::TooMany {
            missing: 6,
            allowed: 5,
        };
        assert_eq!(check(&listed(94), 6, 100, RemovalLimit(0.05)), Err(anomaly));
        assert_eq!(check(&listed(2), 1, 3, RemovalLimit(0.05)), Ok(()));
        assert!(check(&listed(1), 2, 3, RemovalLimit(0.05)).is_err());
        assert!(check(&listed(2), 1, 3, RemovalLimit(0.0)).is_err());
    }

    #[test]
    fn a_count_that_differs_from_the_pages_is_refused() {
        let reading = Reading {
            reported: 3661,
            ..listed(366)
        };
        let anomaly = Anomaly::Count {
            said: 3661,
            found: 366,
        };
        assert_eq!(check(&reading, 1, 367, RemovalLimit(0.05)), Err(anomaly));
    }

    proptest! {
        #[test]
        fn no_list_removes_more_than_the_limit_allows(names in 0_u64..2000, known in 0_u64..2000, missing in 0_u64..2000, share in 0.0..1.0) {
            let missing = missing.min(known);
            if check(&listed(names), missing, known, RemovalLimit(share)).is_ok() {
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                let most = (known as f64 * share).ceil().max(1.0);
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                let missing = missing as f64;
                prop_assert!(missing <= most);
            }
        }
    }
}
