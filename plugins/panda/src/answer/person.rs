//! One user as the portal writes them: `{"id": 1, "userName": "陈涛", "phone": "1822199904"}`.

use panda_oidc_sdk::{Identity, Subject};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::string;
use crate::error::Nonsense;

/// The longest name or phone, in characters: they go into cookies and tokens.
const MAX_FIELD_CHARS: usize = 255;

#[derive(Deserialize)]
struct User<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow, rename = "userName")]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    phone: Option<&'a RawValue>,
}

/// Reads the user in `object`, the text of a JSON object.
///
/// A name or phone that is missing, or no text, is none, and one that is longer than any is cut:
/// nobody is refused over it.
pub(super) fn identity(object: &str) -> Result<Identity, Nonsense> {
    let user: User = serde_json::from_str(object).map_err(Nonsense::Json)?;
    Ok(Identity {
        subject: user.id.and_then(subject).ok_or(Nonsense::NoId)?,
        name: user.name.and_then(string).and_then(cut),
        phone: user.phone.and_then(phone).and_then(cut),
    })
}

/// The `id`, to the digit, from a JSON number or string.
///
/// The text is taken as it stands and never becomes a number, which would round beyond 2^53 and
/// make one of `7` and `"007"`. No number but a plain decimal is one: `1e3` and `1.0` are refused
/// like `-1`, and nothing but zeros is how many a system writes "nobody".
fn subject(value: &RawValue) -> Option<Subject> {
    let text = string(value).unwrap_or_else(|| value.get().to_owned());
    let decimal = text.bytes().all(|byte| byte.is_ascii_digit());
    let somebody = text.bytes().any(|byte| byte != b'0');
    (decimal && somebody)
        .then(|| Subject::new(text).ok())
        .flatten()
}

fn phone(value: &RawValue) -> Option<String> {
    let digits = || {
        let text = value.get();
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.to_owned())
    };
    string(value).or_else(digits)
}

/// `text` up to the [`LONGEST`] characters; `None` when it is empty.
fn cut(mut text: String) -> Option<String> {
    if let Some((end, _)) = text.char_indices().nth(MAX_FIELD_CHARS) {
        text.truncate(end);
    }
    (!text.is_empty()).then_some(text)
}
