//! Decodes a body: in the declared charset, else in UTF-8, else in GB18030.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, UTF_8};

use super::Body;
use crate::error::InvalidResponse;

/// The text of `body`, in the first charset that decodes all of it without an error.
///
/// A byte order mark outranks the declared charset and is not part of the text.
pub(super) fn of(body: &Body) -> Result<Cow<'_, str>, InvalidResponse> {
    if body.bytes.len() > body.limit {
        return Err(InvalidResponse::TooLarge { limit: body.limit });
    }
    let declared = body
        .charset
        .as_deref()
        .and_then(|label| Encoding::for_label_no_replacement(label.as_bytes()));
    [declared, Some(UTF_8), Some(GB18030)]
        .into_iter()
        .flatten()
        .find_map(|charset| decode(charset, &body.bytes))
        .ok_or(InvalidResponse::Undecodable)
}

fn decode<'a>(charset: &'static Encoding, bytes: &'a [u8]) -> Option<Cow<'a, str>> {
    let (text, _, malformed) = charset.decode(bytes);
    (!malformed).then_some(text)
}
