//! One cell of a table, as spreadsheets, and people who copy from chats, write it.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

/// What spreadsheets show instead of the value of a formula that failed.
const FORMULA_ERRORS: [&str; 9] = [
    "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!",
];

/// Whether nobody sees `c`: characters of no width, marks of the writing direction, byte order marks.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

/// `cell` without the white space and the invisible characters around it.
pub(crate) fn trim(cell: &str) -> &str {
    cell.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// The text of `="text"`, by which programs keep a spreadsheet from reading a number.
pub(crate) fn without_text_formula(cell: &str) -> &str {
    let quoted = cell.strip_prefix("=\"").and_then(|it| it.strip_suffix('"'));
    match quoted {
        Some(text) if !text.contains('"') => trim(text),
        _ => cell,
    }
}

/// Whether `cell` is what a spreadsheet shows for a formula that failed.
pub(crate) fn is_formula_error(cell: &str) -> bool {
    FORMULA_ERRORS
        .iter()
        .any(|error| cell.eq_ignore_ascii_case(error))
}

/// How a spreadsheet wrote a number that stood in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WrittenNumber {
    /// A whole number with decimals of zero: `18.0`. Holds its digits.
    Whole(String),
    /// Separators that may also be a list or decimals: `1,010`. Holds all digits.
    Separated(String),
    /// In scientific notation, which loses digits: `1.01E+3`.
    Rounded,
    /// With decimals that are not zero.
    Fraction,
}

/// The number that `text` is, unless it consists of digits alone or is no number.
pub(crate) fn written_number(text: &str) -> Option<WrittenNumber> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if let Some((mantissa, exponent)) = text.split_once(['e', 'E']) {
        let (digits, decimals) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
        let power = exponent.trim_start_matches(['+', '-']);
        // `12e5` may be an id with a letter in it.
        let is_scientific = exponent.starts_with(['+', '-']) || mantissa.len() > digits.len();
        let is_number = is_digits(digits) && is_digits(decimals) && is_digits(power);
        return (is_number && is_scientific).then_some(WrittenNumber::Rounded);
    }
    if !text.contains([',', '.', '\'', '’']) || !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let groups: Vec<_> = text.split([',', '\'', '’']).collect();
    let (last, grouped) = groups.split_last()?;
    let (whole, decimals) = last.split_once('.').unwrap_or((last, ""));
    if !grouped.iter().copied().chain([whole]).all(is_digits) {
        return None;
    }
    // A second `.` or a letter makes it something else, such as `1.2.3`.
    if !decimals.is_empty() && !is_digits(decimals) {
        return None;
    }
    if !grouped.is_empty() || (decimals.len() == 3 && whole.len() <= 3) {
        let digits = if grouped.is_empty() {
            format!("{whole}{decimals}")
        } else {
            format!("{}{whole}", grouped.concat())
        };
        return Some(WrittenNumber::Separated(digits));
    }
    if decimals.bytes().all(|b| b == b'0') {
        Some(WrittenNumber::Whole(whole.to_owned()))
    } else {
        Some(WrittenNumber::Fraction)
    }
}

/// `cell` in ordinary characters: full-width letters and digits become half-width, and invisible
/// characters are left out.
pub(crate) fn plain(cell: &str) -> String {
    let visible = cell.nfkc().filter(|c| !is_invisible(*c));
    let text: Cow<'_, str> = visible.collect::<String>().into();
    trim(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_told_from_an_id_that_looks_like_one() {
        let whole = |digits: &str| Some(WrittenNumber::Whole(digits.to_owned()));
        let separated = |digits: &str| Some(WrittenNumber::Separated(digits.to_owned()));
        for (text, number) in [
            ("18", None),
            ("007", None),
            ("18.0", whole("18")),
            ("18.", whole("18")),
            ("1000.00", whole("1000")),
            ("1000.000", whole("1000")),
            ("1.010", separated("1010")),
            ("1.000", separated("1000")),
            ("1,010", separated("1010")),
            ("1,010.00", separated("1010")),
            ("101,102", separated("101102")),
            ("1'010", separated("1010")),
            ("18,0", separated("180")),
            ("18.5", Some(WrittenNumber::Fraction)),
            ("1.01E+3", Some(WrittenNumber::Rounded)),
            ("1,01E+3", Some(WrittenNumber::Rounded)),
            ("1E+05", Some(WrittenNumber::Rounded)),
            ("1.5e3", Some(WrittenNumber::Rounded)),
            ("12e5", None),
            ("e5", None),
            ("10.0.0.1", None),
            ("a.0", None),
            ("zhang.san", None),
            ("1,a", None),
            (",1", None),
        ] {
            assert_eq!(written_number(text), number, "{text}");
        }
    }

    #[test]
    fn what_nobody_sees_is_left_out() {
        assert_eq!(trim("\u{feff} 1\u{a0}\u{200b}"), "1");
        assert_eq!(plain("１\u{200b}７\u{3000}"), "17");
        assert_eq!(without_text_formula("=\"17\""), "17");
        assert_eq!(without_text_formula("=\"a\"&\"b\""), "=\"a\"&\"b\"");
        assert!(is_formula_error("#n/a") && !is_formula_error("#1"));
    }
}
