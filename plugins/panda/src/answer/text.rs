//! Decodes a body: in UTF-8 if it is UTF-8, else in the declared charset, else in GB18030.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, UTF_8};

use super::Body;
use crate::error::InvalidResponse;

/// The text of `body`, in the first charset that fits all of it.
///
/// Many servers declare a charset that they do not use. Text in another charset is hardly ever valid
/// UTF-8 by chance, so that comes first. A byte order mark outranks all, and is not part of the text.
pub(super) fn of(body: &Body) -> Result<Cow<'_, str>, InvalidResponse> {
    if body.bytes.len() > body.limit {
        return Err(InvalidResponse::TooLarge { limit: body.limit });
    }
    let declared = body
        .charset
        .as_deref()
        .and_then(|label| Encoding::for_label_no_replacement(label.as_bytes()));
    let text = |charset| decode(charset, &body.bytes);
    let declared = declared.filter(|charset| *charset != UTF_8).map(text);
    match (text(UTF_8), declared) {
        (Some(utf8), Some(Some(other))) if is_doubtful(&utf8) => Ok(other),
        (Some(utf8), _) => Ok(utf8),
        (None, Some(Some(other))) => Ok(other),
        (None, _) => text(GB18030).ok_or(InvalidResponse::Undecodable),
    }
}

/// Whether UTF-8 may be a coincidence. A few characters of GBK are pairs of bytes that UTF-8 has too, for
/// letters of other alphabets; no text of three-byte characters, as Chinese is in UTF-8, is likely to be.
/// UTF-16 is valid UTF-8 with zeros, which JSON does not have.
fn is_doubtful(utf8: &str) -> bool {
    !utf8.is_ascii() && utf8.chars().all(|c| c < '\u{800}') || utf8.contains('\0')
}

fn decode<'a>(charset: &'static Encoding, bytes: &'a [u8]) -> Option<Cow<'a, str>> {
    let (text, _, malformed) = charset.decode(bytes);
    (!malformed).then_some(text)
}
