//! Deserializes user identifiers and rules, as operators write them.

use std::fmt;

use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer};

use super::user_id::parse_user_id;
use crate::people::condition::Condition;

/// An identifier, written as a number or as a string; or why it is none.
struct UserId(Result<String, String>);

impl UserId {
    fn of(written: &str) -> Self {
        let id = parse_user_id(written);
        Self(
            id.map(|id| id.to_string())
                .map_err(|error| error.to_string()),
        )
    }
}

impl<'de> Deserialize<'de> for UserId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Id;

        impl Visitor<'_> for Id {
            type Value = UserId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the portal's ids of people, such as [1, \"2\"]")
            }

            fn visit_u64<E>(self, id: u64) -> Result<UserId, E> {
                Ok(UserId::of(&id.to_string()))
            }

            fn visit_i64<E>(self, id: i64) -> Result<UserId, E> {
                Ok(UserId::of(&id.to_string()))
            }

            fn visit_f64<E>(self, id: f64) -> Result<UserId, E> {
                // TOML rounds a long number with decimals, so not even `18.0` is certain.
                Ok(UserId(Err(format!(
                    "`{id}` is not an ID of the portal: it has decimals; write it in quotation marks"
                ))))
            }

            fn visit_str<E>(self, id: &str) -> Result<UserId, E> {
                Ok(UserId::of(id))
            }
        }

        deserializer.deserialize_any(Id)
    }
}

/// Reads a list of identifiers.
pub(crate) fn user_ids<'de, D: Deserializer<'de>, C: FromIterator<String>>(
    deserializer: D,
) -> Result<C, D::Error> {
    let ids = Vec::<UserId>::deserialize(deserializer)?;
    let ids = ids
        .into_iter()
        .map(|UserId(id)| id.map_err(D::Error::custom));
    ids.collect()
}

/// Reads an optional rule. A missing key is left to `#[serde(default)]`.
pub(super) fn condition<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Condition>, D::Error> {
    let source = String::deserialize(deserializer)?;
    let condition = Condition::new(&source);
    condition
        .map(Some)
        .map_err(|error| D::Error::custom(format!("the rule cannot be read: {error}")))
}
