//! The letters of a file. Spreadsheets write UTF-8 with a mark before it, GB18030 where Windows
//! speaks Chinese, and UTF-16 as "Unicode text".

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, UTF_8};

use super::{MAX_BYTES, Mistake};

/// The text of `bytes`, without the mark that may stand before it.
///
/// Text that is UTF-8 is taken as that: Chinese in GB18030 all but never is.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Mistake> {
    if bytes.len() > MAX_BYTES {
        return Err(Mistake::of_file(
            format!("the file is larger than {} MiB", MAX_BYTES >> 20),
            "split it, and import the parts one by one",
        ));
    }
    let (encoding, bytes) = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => (encoding, &bytes[mark..]),
        None if std::str::from_utf8(bytes).is_ok() => (UTF_8, bytes),
        None => (GB18030, bytes),
    };
    let text = encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .ok_or_else(|| {
            Mistake::of_file(
                format!("the file is not text in {}", told(encoding)),
                "save it as \"CSV UTF-8\" in the spreadsheet",
            )
        })?;
    if text.contains('\0') {
        return Err(Mistake::of_file(
            "the file is not text: it has zero bytes, as a workbook or UTF-16 without its mark has",
            "save it as \"CSV UTF-8\" in the spreadsheet",
        ));
    }
    // GB18030 has a mark as well.
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => Cow::Owned(rest.to_owned()),
        None => text,
    })
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
    use super::*;

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
            assert_eq!(decode(&bytes).unwrap(), TEXT, "{bytes:x?}");
        }
        assert_eq!(decode(b"").unwrap(), "");
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
            assert!(decode(bytes).is_err(), "{bytes:x?}");
        }
        assert!(decode(&vec![b' '; MAX_BYTES + 1]).is_err());
    }
}
