//! One user in the portal's format: `{"id": 1, "userName": "陈涛", "phone": "1822199904"}`.

use panda_oidc_sdk::{Identity, Subject};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::string;
use crate::error::InvalidResponse;

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
/// A name or phone that is missing or not a text becomes `None`, and does not make the user unusable.
pub(super) fn identity(object: &str) -> Result<Identity, InvalidResponse> {
    let user: User = serde_json::from_str(object).map_err(InvalidResponse::Json)?;
    let subject = user.id.and_then(subject).ok_or(InvalidResponse::NoId)?;
    let (name, phone) = (user.name.and_then(string), user.phone.and_then(phone));
    Ok(Identity::new(subject, name.as_deref(), phone.as_deref()))
}

/// The `id`, with all its digits, from a JSON number or string.
///
/// The text is never converted to a number: that would round beyond 2^53 and make `7` and `"007"`
/// equal. Only plain decimal digits are accepted, so `1e3` and `1.0` are refused like `-1`. An id of
/// zeros only is refused too, because many systems write "no user" that way.
fn subject(value: &RawValue) -> Option<Subject> {
    let text = string(value).unwrap_or_else(|| value.get().to_owned());
    let all_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let not_all_zeros = text.bytes().any(|byte| byte != b'0');
    (all_digits && not_all_zeros)
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
