//! Decodes tables as spreadsheets save them. They write UTF-8 with a byte order mark, GB18030 on a
//! Chinese Windows, and UTF-16 as "Unicode text"; they separate columns by commas, semicolons or
//! tabs.
//!
//! [`table`] reads the rows, [`heading`] the headings, [`cell`] a cell. Every table of this program is read
//! by them.

pub(crate) mod cell;
pub(crate) mod heading;
pub(crate) mod table;

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, UTF_8};

/// How to fix a file that is [`NotText`].
pub(crate) const REMEDY: &str = "save it as \"CSV UTF-8\" in the spreadsheet";

/// Why a file is not text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotText {
    /// It has bytes that are invalid in its encoding.
    #[error("the file is not text in {0}")]
    Encoding(&'static str),
    /// It has zero bytes.
    #[error(
        "the file is not text: it has zero bytes, as a workbook or UTF-16 without its mark has"
    )]
    Zeros,
}

/// The text of `bytes`, without a byte order mark.
///
/// Valid UTF-8 is decoded as UTF-8: Chinese text in GB18030 is almost never valid UTF-8.
pub(crate) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, NotText> {
    let (encoding, bytes) = match Encoding::for_bom(bytes) {
        Some((encoding, bom_length)) => (encoding, &bytes[bom_length..]),
        None if std::str::from_utf8(bytes).is_ok() => (UTF_8, bytes),
        None => (GB18030, bytes),
    };
    let text = encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .ok_or_else(|| NotText::Encoding(encoding_name(encoding)))?;
    if text.contains('\0') {
        return Err(NotText::Zeros);
    }
    // The GB18030 decoder leaves a byte order mark in the text.
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => Cow::Owned(rest.to_owned()),
        None => text,
    })
}

/// The column separator of a file with this first line: the candidate that occurs most often.
fn detect_separator(line: &str) -> u8 {
    let count = |separator: u8| line.bytes().filter(|byte| *byte == separator).count();
    let mut best = b',';
    for separator in [b';', b'\t'] {
        if count(separator) > count(best) {
            best = separator;
        }
    }
    best
}

fn encoding_name(encoding: &'static Encoding) -> &'static str {
    if encoding == GB18030 {
        "UTF-8, and not in GB18030 either"
    } else {
        encoding.name()
    }
}

#[cfg(test)]
mod tests {
    use crate::csv_text::*;

    const TEXT: &str = "编号,账号\r\n1,陈涛\r\n";

    fn utf16(text: &str, with_bom: bool) -> Vec<u8> {
        let bom = with_bom.then_some(0xfeff);
        let units = bom.into_iter().chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn the_encodings_of_spreadsheets_are_decoded() {
        let with_bom = format!("\u{feff}{TEXT}");
        let gb = |text| GB18030.encode(text).0.into_owned();
        for bytes in [
            TEXT.as_bytes().to_vec(),
            with_bom.clone().into_bytes(),
            gb(TEXT),
            gb(&with_bom),
            utf16(TEXT, true),
        ] {
            assert_eq!(decode(&bytes).unwrap(), TEXT, "{bytes:x?}");
        }
        assert_eq!(decode(b"").unwrap(), "");
    }

    #[test]
    fn a_file_that_is_not_text_is_refused() {
        let mut broken = format!("\u{feff}{TEXT}").into_bytes();
        broken.push(0xff);
        for bytes in [
            &broken[..],
            b"PK\x03\x04\x14\0\x06\0\x08\0",
            b"\xff",
            &utf16(TEXT, false),
        ] {
            assert!(decode(bytes).is_err(), "{bytes:x?}");
        }
    }

    #[test]
    fn the_separator_is_the_most_frequent_candidate_of_the_first_line() {
        assert_eq!(detect_separator("id,username"), b',');
        assert_eq!(detect_separator("id;username;email"), b';');
        assert_eq!(detect_separator("编号\t账号"), b'\t');
        assert_eq!(detect_separator("id"), b',');
    }
}
