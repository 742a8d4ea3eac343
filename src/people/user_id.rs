//! Reads the portal's ids as people and spreadsheets write them: the only reader of ids that a person
//! wrote. The portal's own answers are read to the letter, by its plugin.
//!
//! An id is read only if it is certain which one is meant. `18.0` can only be 18; `1,010` may be two ids,
//! and `1.01E+3` has lost digits.

use panda_oidc_sdk::Subject;

use crate::csv_text::cell::{
    WrittenNumber, is_formula_error, plain, without_text_formula, written_number,
};

/// What tables write where there is no id.
const NOBODY: [&str; 10] = [
    "null",
    "nil",
    "none",
    "nan",
    "n/a",
    "undefined",
    "-",
    "--",
    "total",
    "subtotal",
];

/// How many characters of a text a message repeats.
const MAX_REPEATED: usize = 40;

/// What to do about a number that a spreadsheet formatted.
const FORMAT_AS_TEXT: &str =
    "write the id as GetUsers lists it, in a column formatted as text without separators";

/// Why a text is not an id: what is wrong, and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{written}` {why}; {remedy}")]
pub struct UnreadableId {
    /// The beginning of the text.
    pub written: String,
    /// What is wrong with it, without the text itself.
    pub why: String,
    /// What to do about it.
    pub remedy: &'static str,
}

/// The id that `written` means.
///
/// # Errors
///
/// [`UnreadableId`] when it is no id, or when it is not certain which one.
pub fn parse_user_id(written: &str) -> Result<Subject, UnreadableId> {
    let refuse = |why: &str, remedy: &'static str| {
        Err(UnreadableId {
            written: written.chars().take(MAX_REPEATED).collect(),
            why: format!("is not an ID of the portal{why}"),
            remedy,
        })
    };
    let text = unmarked(&plain(written)).to_owned();
    if is_formula_error(&text) || text.starts_with('=') {
        return refuse(
            ": it is a formula, or the error of one",
            "copy the column and paste it as values",
        );
    }
    if NOBODY.contains(&text.to_lowercase().as_str()) {
        return refuse(": it means nobody", "write the id, or take the row out");
    }
    let text = match written_number(&text) {
        None => text,
        Some(WrittenNumber::Whole(digits)) => digits,
        Some(WrittenNumber::Separated(digits)) => {
            let why = format!(": it may be {digits} with separators, or more than one id");
            return refuse(&why, FORMAT_AS_TEXT);
        }
        Some(WrittenNumber::Rounded) => {
            return refuse(
                ": the spreadsheet has rounded it, and digits are lost",
                FORMAT_AS_TEXT,
            );
        }
        Some(WrittenNumber::Fraction) => {
            return refuse(": it is not a whole number", FORMAT_AS_TEXT);
        }
    };
    match Subject::new(text) {
        Ok(subject) => Ok(subject),
        Err(_) => refuse("", FORMAT_AS_TEXT),
    }
}

/// `text` without what marks it as a text: a leading `'`, quotation marks, `="…"`, or the `=` before a
/// number.
fn unmarked(text: &str) -> &str {
    let pair = |text| {
        let quoted = |open, close| str::strip_suffix(str::strip_prefix(text, open)?, close);
        quoted('"', '"')
            .or_else(|| quoted('“', '”'))
            .or_else(|| quoted('‘', '’'))
    };
    let mut text = text;
    loop {
        let formula = text
            .strip_prefix('=')
            .filter(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
        let inner = text
            .strip_prefix(['\'', '’'])
            .or_else(|| pair(text))
            .or(formula);
        let inner = inner.unwrap_or_else(|| without_text_formula(text)).trim();
        if inner.len() == text.len() {
            return text;
        }
        text = inner;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(written: &str) -> Option<String> {
        parse_user_id(written).ok().map(|id| id.to_string())
    }

    #[test]
    fn an_id_is_kept_to_the_digit() {
        assert_eq!(read(" 007 ").as_deref(), Some("007"));
        let long = "12345678901234567890";
        assert_eq!(read(long).as_deref(), Some(long));
        // An ID with letters in it may look like a number.
        assert_eq!(read("12e5").as_deref(), Some("12e5"));
        assert_eq!(read("zhang.san").as_deref(), Some("zhang.san"));
    }

    #[test]
    fn the_marks_of_a_spreadsheet_are_taken_off() {
        for written in [
            "18",
            "18.0",
            "'18",
            "''18",
            "=\"18\"",
            "'=\"18\"",
            "=18",
            "\"18\"",
            "“18”",
            "１８",
            "\u{feff}18\u{200b}",
            "\u{a0}18.00\u{3000}",
            "1\u{200b}8",
            "=\" 18 \"",
        ] {
            assert_eq!(read(written).as_deref(), Some("18"), "{written}");
        }
    }

    #[test]
    fn a_doubtful_id_is_refused_and_the_reason_is_given() {
        for (written, about) in [
            ("", "is not an ID of the portal; "),
            ("1 2", "is not an ID of the portal; "),
            ("陈涛", "is not an ID of the portal; "),
            ("1.23E+17", "rounded"),
            ("1,010", "1010"),
            ("101，102", "more than one id"),
            ("1.5", "whole"),
            ("#N/A", "formula"),
            ("=A1", "formula"),
            ("NULL", "nobody"),
        ] {
            let error = parse_user_id(written).unwrap_err().to_string();
            assert!(error.contains(about), "{written}: {error}");
        }
    }

    proptest! {
        /// What was read is read again as the same id, so that an exported table can be imported.
        #[test]
        fn a_read_id_stays_as_it_is(written in "\\PC{0,8}|[-=+@'\"“”0-9.,eE ]{0,8}") {
            if let Some(id) = read(&written) {
                prop_assert_eq!(read(&id), Some(id.clone()));
                prop_assert_eq!(read(&format!("'{id}")), Some(id));
            }
        }
    }
}
