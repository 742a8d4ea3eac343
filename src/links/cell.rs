//! Reads and checks one cell, and writes cells so that a spreadsheet treats them as text.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;
use unicode_width::UnicodeWidthChar as _;

use super::MAX_CELL;
use crate::csv_text::cell::{
    WrittenNumber, is_formula_error, plain, trim, without_text_formula, written_number,
};

/// Separates the members of a list.
const LIST_SEPARATOR: char = '|';

/// What people write into the column of usernames where there is no account, or "as above".
const NO_ACCOUNT: [&str; 8] = [
    "无",
    "暂无",
    "没有",
    "同上",
    "〃",
    "n/a",
    "null",
    "undefined",
];

/// Why a cell or a command-line option was refused: what is wrong, and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {remedy}")]
pub struct CellError {
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub remedy: &'static str,
}

fn refuse<T>(what: impl Into<String>, remedy: &'static str) -> Result<T, CellError> {
    let what = what.into();
    Err(CellError { what, remedy })
}

/// The text of a cell, without white space and invisible characters around it, and without what marks it
/// as a text: the quote that [`protected`] adds, or `="…"`.
pub(super) fn text(cell: &str) -> Result<Cow<'_, str>, CellError> {
    if cell.chars().any(char::is_control) {
        return refuse(
            "a cell holds a line break or another control character",
            "take it out; if there is none, a quotation mark is not closed",
        );
    }
    let cell = trim(cell);
    let error = without_text_formula(cell);
    if is_formula_error(error) {
        return refuse(
            format!("{error} is the error of a formula"),
            "correct the formula, or empty the cell",
        );
    }
    if is_uncalculated(cell) {
        return refuse(
            format!("{cell:?} is a formula, not its value"),
            "copy the column and paste it as values",
        );
    }
    let text = unprotected(cell);
    // What marks it as a text does not count: an export adds it.
    if text.chars().count() > MAX_CELL {
        return refuse(
            format!("a cell has more than {MAX_CELL} characters"),
            "shorten it",
        );
    }
    Ok(Cow::Borrowed(text))
}

/// Whether a spreadsheet, or [`text`], would take `text` for a formula or the error of one: `+86…` as well
/// as `=cmd|…` and `#N/A`.
fn is_formula(text: &str) -> bool {
    let bare = text.trim_start_matches('\'');
    bare.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) || is_formula_error(bare)
}

/// Whether `cell` is a formula with a function in it, as a sheet that shows formulas saves it. An export marks
/// such a text with a `'`.
fn is_uncalculated(cell: &str) -> bool {
    cell.starts_with('=') && cell.contains('(') && cell.ends_with(')')
}

/// `text` as it is written into a file. A formula gets a leading `'`, so that a spreadsheet does not
/// evaluate it.
pub(super) fn protected(text: &str) -> Cow<'_, str> {
    if is_formula(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

fn unprotected(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_formula(text) => text,
        _ => without_text_formula(cell),
    }
}

/// A telephone number, in any spelling.
pub(super) fn phone(text: &str) -> Result<String, CellError> {
    let text = text.trim_start_matches('\'');
    match written_number(text) {
        Some(WrittenNumber::Whole(digits)) => Ok(digits),
        Some(WrittenNumber::Rounded) => refuse(
            format!("{text:?} is a telephone number that the spreadsheet has rounded"),
            "write it again, in a column formatted as text",
        ),
        _ => Ok(text.to_owned()),
    }
}

/// A username: up to 255 characters in one line.
pub(super) fn username(text: &str) -> Result<String, CellError> {
    if text.chars().count() > 255 || text.chars().any(char::is_control) {
        return refuse(
            "the username is longer than 255 characters, or not one line",
            "write the name of the account as the application shows it",
        );
    }
    // Two usernames could differ in such characters and look the same.
    if has_invisible(text) {
        return refuse(
            format!("{text:?} has characters that nobody sees"),
            "type the name of the account instead of copying it",
        );
    }
    if means_no_account(text) {
        return refuse(
            format!("{text:?} is not the name of an account"),
            "write the name, or leave the cell empty if there is no account",
        );
    }
    if written_number(text).is_some() {
        return refuse(
            format!(
                "{text:?} is a number as a spreadsheet writes it, and no longer the account's name"
            ),
            "write the name of the account in a column formatted as text",
        );
    }
    Ok(text.to_owned())
}

/// Whether `text` stands for no account: a dash, a stroke, a word, or the `####` of a column that is too
/// narrow.
fn means_no_account(text: &str) -> bool {
    let plain = plain(text).to_lowercase();
    let is_mark = |c: char| matches!(c, '-' | '—' | '–' | '/' | '\\' | '#' | '"');
    !plain.is_empty() && (NO_ACCOUNT.contains(&plain.as_str()) || plain.chars().all(is_mark))
}

/// Whether some of the characters have no width. NFC first combines accents with their letters, so that
/// accents do not count.
fn has_invisible(text: &str) -> bool {
    text.nfc().any(|c| c.width().unwrap_or_default() == 0)
}

/// An e-mail address; only its form is checked. An empty text is accepted and means no address.
pub(super) fn email(text: &str) -> Result<String, CellError> {
    let split = text.rsplit_once('@');
    let has_both_parts = split.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    let allowed = |c: char| !c.is_control() && !c.is_whitespace() && !",，;；、:：<>".contains(c);
    if has_invisible(text) {
        return refuse(
            format!("{text:?} has characters that nobody sees"),
            "type the address instead of copying it",
        );
    }
    if text.to_lowercase().ends_with(".invalid") {
        return refuse(
            format!("{text:?} is nobody's address: .invalid is for addresses that are made"),
            "write a real one, or leave it empty",
        );
    }
    let is_well_formed = has_both_parts
        && text.matches('@').count() == 1
        && text.len() <= 254
        && text.chars().all(allowed);
    if !is_well_formed && !text.is_empty() {
        return refuse(
            format!("{text:?} is not an address of e-mail"),
            "write a single one such as chentao@example.com, without a name or a separator, or leave it empty",
        );
    }
    Ok(text.to_owned())
}

/// A boolean; `None` for an empty text.
pub(super) fn flag(text: &str) -> Result<Option<bool>, CellError> {
    match text.to_lowercase().as_str() {
        "" => Ok(None),
        "true" | "yes" | "y" | "1" | "是" => Ok(Some(true)),
        "false" | "no" | "n" | "0" | "否" => Ok(Some(false)),
        _ => refuse(
            format!("{text:?} is neither yes nor no"),
            "write true or false, 是 or 否",
        ),
    }
}

/// The members of a list, separated by `|`. A `\` escapes the character after it.
pub(super) fn list(text: &str) -> Vec<String> {
    let mut members = vec![String::new()];
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (c, members.last_mut()) {
            (LIST_SEPARATOR, _) => members.push(String::new()),
            ('\\', Some(last)) => last.extend(characters.next()),
            (_, Some(last)) => last.push(c),
            (_, None) => {}
        }
    }
    let members = members.iter().map(|member| trim(member).to_owned());
    members.filter(|member| !member.is_empty()).collect()
}

/// Writes a list as [`list`] reads it. An empty list is a lone separator.
pub(super) fn listed(members: &[String]) -> String {
    if members.is_empty() {
        return LIST_SEPARATOR.to_string();
    }
    let escaped = members
        .iter()
        .map(|member| member.replace('\\', "\\\\").replace(LIST_SEPARATOR, "\\|"));
    escaped.collect::<Vec<_>>().join("|")
}

/// The name of a free attribute. It must be usable as a column heading and in a rule.
pub(super) fn attribute_name(name: &str) -> Result<String, CellError> {
    let starts_well = name
        .chars()
        .next()
        .is_some_and(|c| c.is_alphabetic() || c == '_');
    let allowed = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    if !starts_well || !name.chars().all(allowed) || name.chars().count() > 64 {
        return refuse(
            format!("{name:?} cannot be the name of an attribute"),
            "write up to 64 letters, digits and _ - . , the first a letter",
        );
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_formula_is_quoted() {
        for (text, written) in [
            ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
            ("+8613800138000", "'+8613800138000"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("＝1", "'＝1"),
            ("'=1", "''=1"),
            ("#N/A", "'#N/A"),
            ("'quoted'", "'quoted'"),
            ("chentao", "chentao"),
            ("", ""),
        ] {
            assert_eq!(protected(text), written);
            assert_eq!(unprotected(written), text);
        }
    }

    #[test]
    fn a_list_is_separated_by_bars() {
        assert_eq!(list("东| 西 ||"), ["东", "西"]);
        assert_eq!(list(r"a\|b|c\\"), ["a|b", r"c\"]);
        assert_eq!(list("\u{200b}东\u{feff}|\u{200b}"), ["东"]);
        assert_eq!(list("|"), [""; 0]);
    }

    #[test]
    fn what_stands_for_no_account_is_not_a_username() {
        for text in [
            "-", "－－", "——", "/", "无", "暂无", "没有", "同上", "〃", "N/A", "null", "######",
        ] {
            assert!(username(text).is_err(), "{text:?}");
        }
        for text in ["none", "-a", "a/b", "无名"] {
            assert!(username(text).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn a_formula_that_was_not_calculated_is_refused() {
        for formula in [
            "=VLOOKUP(A2,人员!A:B,2,0)",
            " =A2&LOWER(B2)",
            "=IF(A1=\"\",\"\",\"x\")",
        ] {
            assert!(text(formula).is_err(), "{formula}");
        }
        for kept in ["'=VLOOKUP(A2,B:C,2,0)", "=cmd", "=\"17\"", "a=f(1)"] {
            assert!(text(kept).is_ok(), "{kept}");
        }
    }

    #[test]
    fn a_username_has_no_invisible_characters() {
        for text in ["chentao", "陈涛", "caf\u{e9}", "cafe\u{301}", "a b", ""] {
            assert!(username(text).is_ok(), "{text:?}");
        }
        for text in ["adm\u{200b}in", "ad\u{202e}min", "a\nb", "\u{feff}a"] {
            assert!(username(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_email_address_is_well_formed() {
        assert!(email("c@w.cn").is_ok() && email("").is_ok());
        assert!(email("9@panda.invalid").is_err());
        for text in ["c", "@w", "c@", "c d@w.cn", "c@w\n.cn"] {
            assert!(email(text).is_err(), "{text}");
        }
        // Two addresses in one cell, and one as a program for mail writes it.
        for text in [
            "c@w.cn,d@w.cn",
            "c@w.cn，d@w.cn",
            "c@w.cn；",
            "c@w.cn、d",
            "c@w，cn",
            "c@@w.cn",
            "<c@w.cn>",
            "mailto:c@w.cn",
        ] {
            assert!(email(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_written_text_is_read_back(text in "[-=+@'＝a|\\\\ ]{0,6}") {
            let text = text.trim();
            let written = protected(text);
            prop_assert!(written.is_empty() || !written.starts_with(['=', '+', '-', '@']));
            prop_assert_eq!(unprotected(&written), text);
        }

        #[test]
        fn a_written_list_is_read_back(members in prop::collection::vec("[a|\\\\=']{1,4}", 0..4)) {
            prop_assert_eq!(list(&listed(&members)), members);
        }
    }
}
