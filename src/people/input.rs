//! Parses user identifiers and rules, as operators write them.

use panda_oidc_sdk::Subject;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::people::condition::Condition;

/// An identifier, written as a number or as a string.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Number(u64),
    Text(String),
}

/// Reads a list of identifiers.
pub(super) fn ids<'de, D: Deserializer<'de>, C: FromIterator<String>>(
    deserializer: D,
) -> Result<C, D::Error> {
    let ids = Vec::<Id>::deserialize(deserializer)?;
    let ids = ids.into_iter().map(|id| {
        let text = match id {
            Id::Number(number) => number.to_string(),
            Id::Text(text) => text,
        };
        parse_user_id(&text)
            .ok_or_else(|| D::Error::custom(format!("`{text}` is not an ID of the portal")))
    });
    ids.collect()
}

/// Parses `text` as an identifier, without surrounding whitespace.
pub(crate) fn parse_user_id(text: &str) -> Option<String> {
    let text = text.trim();
    // A spreadsheet writes a long number in scientific notation and loses its last digits.
    let damaged = text.contains("E+") && text.parse::<f64>().is_ok();
    (!damaged && Subject::new(text).is_ok()).then(|| text.to_owned())
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

#[cfg(test)]
mod tests {
    use crate::people::input::*;

    #[test]
    fn an_id_is_kept_to_the_digit() {
        assert_eq!(parse_user_id(" 007 ").as_deref(), Some("007"));
        for text in ["", "1 2", "陈涛", "1.23E+17"] {
            assert_eq!(parse_user_id(text), None, "{text}");
        }
        // An ID with letters in it may look like a number.
        assert_eq!(parse_user_id("12e5").as_deref(), Some("12e5"));
    }
}
