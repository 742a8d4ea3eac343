//! What people write of people: identifiers and rules in TOML, text of any program.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, UTF_8};
use panda_oidc_sdk::Subject;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::template::Condition;

/// An identifier, written as a number or as a text.
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
        id_of(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is not an ID of the portal")))
    });
    ids.collect()
}

/// The identifier that `text` is, without what surrounds it.
pub(super) fn id_of(text: &str) -> Option<String> {
    let text = text.trim();
    // What a spreadsheet makes of a long number has lost its last digits.
    let damaged = text.contains("E+") && text.parse::<f64>().is_ok();
    (!damaged && Subject::new(text).is_ok()).then(|| text.to_owned())
}

/// Reads a rule that is not there unless it is written.
pub(super) fn condition<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Condition>, D::Error> {
    let source = String::deserialize(deserializer)?;
    let condition = Condition::new(&source);
    condition
        .map(Some)
        .map_err(|error| D::Error::custom(format!("the rule cannot be read: {error}")))
}

/// The text of a file: in the charset its byte order mark names, else UTF-8, else GB18030, which
/// Excel writes in China.
pub(super) fn text(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let marked = Encoding::for_bom(bytes).map(|(charset, _)| charset);
    let charsets = match marked {
        Some(charset) => [Some(charset), None],
        None => [Some(UTF_8), Some(GB18030)],
    };
    charsets.into_iter().flatten().find_map(|charset| {
        let (text, _, malformed) = charset.decode(bytes);
        (!malformed).then_some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_in_the_charsets_of_excel() {
        for charset in [UTF_8, GB18030] {
            let (bytes, _, _) = charset.encode("组,编号\n调度,17\n");
            assert_eq!(text(&bytes).unwrap(), "组,编号\n调度,17\n");
        }
        assert_eq!(text("\u{feff}组".as_bytes()).unwrap(), "组");
        assert_eq!(text(b"\xff\xfe\xc4\x7e").unwrap(), "组");
        assert_eq!(text(b"\xff\xff\xff"), None);
        assert_eq!(text(b"\xef\xbb\xbf\xff"), None);
    }

    #[test]
    fn an_id_is_kept_to_the_digit() {
        assert_eq!(id_of(" 007 ").as_deref(), Some("007"));
        for text in ["", "1 2", "陈涛", "1.23E+17"] {
            assert_eq!(id_of(text), None, "{text}");
        }
        // An ID with letters in it may look like a number.
        assert_eq!(id_of("12e5").as_deref(), Some("12e5"));
    }
}
