//! Parses the portal's answers. Pure functions from bytes to users, no network.
//!
//! Parsing is lenient about presentation (charset, a missing name, a `code` written as a string) and
//! strict about the `id`, because it decides who is logged in. [`text`] finds the charset,
//! [`person`] reads a user, [`message`] sanitizes the portal's messages for the log.

mod message;
mod person;
#[cfg(test)]
mod tests;
mod text;
#[cfg(test)]
mod text_tests;

use panda_oidc_sdk::{Identity, LoginError, Page, Ticket};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::InvalidResponse;

/// A body as it was received. It exceeds `limit` by at most one chunk.
#[derive(Debug)]
pub(crate) struct Body {
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
    /// The `charset` of the `Content-Type`, if it has one. It may be wrong.
    pub(crate) charset: Option<String>,
    /// The size limit, in bytes. A larger body is rejected.
    pub(crate) limit: usize,
}

/// The user a `GetUserByTicket` answer identifies.
pub(crate) fn user(body: &Body, ticket: &Ticket) -> Result<Identity, LoginError> {
    let text = text::of(body)?;
    match Reply::read(&text)? {
        Reply::Success(data) => Ok(person::identity(data)?),
        Reply::Failure { code, msg } => {
            Err(LoginError::Rejected(message::of(code, &msg, Some(ticket))))
        }
    }
}

/// The page of users a `GetUsers` answer lists.
pub(crate) fn page(body: &Body) -> Result<Page, LoginError> {
    let text = text::of(body)?;
    let reply = Reply::read(&text).map_err(|error| match error {
        InvalidResponse::NoData => InvalidResponse::NoList,
        other => other,
    });
    match reply? {
        Reply::Success(data) => Ok(people(data)?),
        Reply::Failure { code, msg } => Err(LoginError::Rejected(message::of(code, &msg, None))),
    }
}

/// The content of the envelope that every answer has.
enum Reply<'a> {
    /// `code` is 0; this is the `data` object.
    Success(&'a str),
    /// `code` is anything else.
    Failure { code: i64, msg: String },
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow)]
    msg: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

impl<'a> Reply<'a> {
    fn read(text: &'a str) -> Result<Self, InvalidResponse> {
        if text.trim_start().starts_with('<') {
            return Err(InvalidResponse::WebPage);
        }
        let text: &RawValue = serde_json::from_str(text).map_err(InvalidResponse::Json)?;
        let text = object(text).ok_or(InvalidResponse::NoEnvelope)?;
        let envelope: Envelope = serde_json::from_str(text).map_err(InvalidResponse::Json)?;
        let code: i64 = envelope
            .code
            .and_then(number)
            .ok_or(InvalidResponse::NoCode)?;
        if code != 0 {
            let msg = envelope.msg.and_then(string).unwrap_or_default();
            return Ok(Self::Failure { code, msg });
        }
        let data = envelope
            .data
            .and_then(object)
            .ok_or(InvalidResponse::NoData)?;
        Ok(Self::Success(data))
    }
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    count: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

fn people(data: &str) -> Result<Page, InvalidResponse> {
    let list: List = serde_json::from_str(data).map_err(InvalidResponse::Json)?;
    let count = list.count.and_then(count).ok_or(InvalidResponse::NoCount)?;
    let entries: Vec<&RawValue> = list
        .data
        .and_then(|entries| serde_json::from_str(entries.get()).ok())
        .ok_or(InvalidResponse::NoList)?;
    let people: Vec<Identity> = entries
        .iter()
        .filter_map(|entry| person::identity(object(entry)?).ok())
        .collect();
    Ok(Page {
        count,
        unusable: entries.len() - people.len(),
        people,
    })
}

/// The text of a JSON object. Serde would also read a struct from an array, and so accept `[1]` as
/// the user whose `id` is 1.
fn object(value: &RawValue) -> Option<&str> {
    Some(value.get()).filter(|text| text.starts_with('{'))
}

/// The content of a JSON string.
fn string(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// The count of a list. Some systems write it as a string with blanks, or with a fraction of zero. It
/// decides about nobody by itself, unlike an `id`.
fn count(value: &RawValue) -> Option<u64> {
    let text = string(value).unwrap_or_else(|| value.get().to_owned());
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
    let no_fraction = !fraction.is_empty() && fraction.bytes().all(|digit| digit == b'0');
    whole.parse().ok().filter(|_| no_fraction)
}

/// A whole number, written as a number or as a string.
fn number<N: std::str::FromStr>(value: &RawValue) -> Option<N> {
    match string(value) {
        Some(text) => text.parse().ok(),
        None => value.get().parse().ok(),
    }
}
