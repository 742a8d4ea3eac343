//! Tables as spreadsheets write them. They write UTF-8 with a mark before it, GB18030 where Windows
//! speaks Chinese, and UTF-16 as "Unicode text"; they separate columns by commas, semicolons or tabs.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, UTF_8};

/// What to do about a file that is [`NotText`].
pub(crate) const REMEDY: &str = "save it as \"CSV UTF-8\" in the spreadsheet";

/// Why a file is no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotText {
    /// It has bytes that its encoding has not.
    #[error("the file is not text in {0}")]
    Encoding(&'static str),
    /// It has zero bytes.
    #[error(
        "the file is not text: it has zero bytes, as a workbook or UTF-16 without its mark has"
    )]
    Zeros,
}

/// The text of `bytes`, without the mark that may stand before it.
///
/// Text that is UTF-8 is taken as that: Chinese in GB18030 all but never is.
pub(crate) fn text(bytes: &[u8]) -> Result<Cow<'_, str>, NotText> {
    let (encoding, bytes) = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => (encoding, &bytes[mark..]),
        None if std::str::from_utf8(bytes).is_ok() => (UTF_8, bytes),
        None => (GB18030, bytes),
    };
    let text = encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .ok_or_else(|| NotText::Encoding(told(encoding)))?;
    if text.contains('\0') {
        return Err(NotText::Zeros);
    }
    // GB18030 has a mark as well.
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => Cow::Owned(rest.to_owned()),
        None => text,
    })
}

/// What separates the columns of a file with this first line: what it has most of.
pub(crate) fn separator(line: &str) -> u8 {
    let count = |separator: u8| line.bytes().filter(|byte| *byte == separator).count();
    let mut best = b',';
    for separator in [b';', b'\t'] {
        if count(separator) > count(best) {
            best = separator;
        }
    }
    best
}

fn told(encoding: &'static Encoding) -> &'static str {
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

    fn utf16(text: &str, mark: bool) -> Vec<u8> {
        let mark = mark.then_some(0xfeff);
        let units = mark.into_iter().chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn what_spreadsheets_write_is_read() {
        let marked = format!("\u{feff}{TEXT}");
        let gb = |text| GB18030.encode(text).0.into_owned();
        for bytes in [
            TEXT.as_bytes().to_vec(),
            marked.clone().into_bytes(),
            gb(TEXT),
            gb(&marked),
            utf16(TEXT, true),
        ] {
            assert_eq!(text(&bytes).unwrap(), TEXT, "{bytes:x?}");
        }
        assert_eq!(text(b"").unwrap(), "");
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let mut broken = format!("\u{feff}{TEXT}").into_bytes();
        broken.push(0xff);
        for bytes in [
            &broken[..],
            b"PK\x03\x04\x14\0\x06\0\x08\0",
            b"\xff",
            &utf16(TEXT, false),
        ] {
            assert!(text(bytes).is_err(), "{bytes:x?}");
        }
    }

    #[test]
    fn the_separator_is_what_the_first_line_has_most_of() {
        assert_eq!(separator("id,username"), b',');
        assert_eq!(separator("id;username;email"), b';');
        assert_eq!(separator("编号\t账号"), b'\t');
        assert_eq!(separator("id"), b',');
    }
}
