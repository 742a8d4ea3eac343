//! Where a ticket stands in a URL that a portal has built.
//!
//! Portals join strings. They may append `&ticket=T` to a URL without a query, `?ticket=T` to one that
//! has a query, or pass the result through a page that escapes it once more. Every part of the program
//! that looks for a ticket in a URL, or takes one out, does it with these functions.

use std::ops::Range;

/// What may stand between a ticket and what precedes it.
const SEPARATORS: &[u8] = b"?&;,/";

/// A ticket in a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    /// From the separator on, up to the end of the value.
    whole: Range<usize>,
    /// The raw value.
    value: Range<usize>,
    /// Whether the name is spelled exactly as configured. `Ticket=` and `ticket[]=` are not read as
    /// tickets, but they are not passed on either.
    exact: bool,
}

/// How the `=` after the name may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Equals {
    /// As it is. In a request that a client has encoded, an encoded `=` belongs to the client's value.
    Raw,
    /// As it is or percent-encoded.
    Any,
}

/// The raw values of `parameter` in `text`: a query, or a path.
#[must_use]
pub fn values<'a>(text: &'a str, parameter: &str, equals: Equals) -> Vec<&'a str> {
    let found = search(text, parameter, equals).into_iter();
    let exact = found.filter(|found| found.exact);
    exact.map(|found| &text[found.value]).collect()
}

/// `text` without any ticket, otherwise unchanged. The result may be stored, echoed and passed on.
#[must_use]
pub fn strip(text: &str, parameter: &str, equals: Equals) -> String {
    let mut left = String::with_capacity(text.len());
    let mut from = 0;
    for Found { whole, .. } in search(text, parameter, equals) {
        left.push_str(text.get(from..whole.start).unwrap_or_default());
        from = whole.end;
        if left.is_empty() && text[from..].starts_with('&') {
            from += 1;
        }
    }
    left.push_str(&text[from..]);
    left
}

/// Whether `text` holds a ticket, in any spelling of the name.
#[must_use]
pub fn is_in(text: &str, parameter: &str, equals: Equals) -> bool {
    !search(text, parameter, equals).is_empty()
}

/// The part of `path` before the first ticket; `None` if it has none.
#[must_use]
pub fn before<'a>(path: &'a str, parameter: &str) -> Option<&'a str> {
    let first = search(path, parameter, Equals::Any).into_iter().next()?;
    Some(&path[..first.whole.start])
}

/// All tickets, from left to right, in one pass.
fn search(text: &str, parameter: &str, equals: Equals) -> Vec<Found> {
    let bytes = text.as_bytes();
    let mut all: Vec<Found> = Vec::new();
    // Where the separator before `at` begins, if there is one.
    let mut separator = Some(0);
    // Whether the value of the last ticket has not ended yet, and an encoded `&` would end it.
    let mut open = None;
    let mut at = 0;
    while at < bytes.len() {
        if let Some(start) = separator.take()
            && let Some(name) = read_name(bytes, at, parameter.as_bytes(), equals)
        {
            // A value ends where the next ticket begins: `ticket=T?ticket=T`.
            if open.is_some() {
                end_last(&mut all, start);
            }
            all.push(Found {
                whole: start..bytes.len(),
                value: name.end..bytes.len(),
                exact: name.exact,
            });
            open = Some(name.equals_is_encoded);
            at = name.end;
            continue;
        }
        let (character, length) = character(bytes, at);
        if SEPARATORS.contains(&character) {
            separator = Some(start_of_separator(bytes, at));
        }
        // A value ends at the next `&`, also at an encoded one if the whole parameter is encoded.
        if character == b'&' && open.is_some_and(|encoded| encoded || length == 1) {
            end_last(&mut all, at);
            open = None;
        }
        at += length;
    }
    all
}

fn end_last(all: &mut [Found], at: usize) {
    if let Some(last) = all.last_mut() {
        last.whole.end = at;
        last.value.end = at.max(last.value.start);
    }
}

/// The name of a ticket parameter, with its `=`.
struct Name {
    end: usize,
    exact: bool,
    equals_is_encoded: bool,
}

fn read_name(text: &[u8], mut at: usize, parameter: &[u8], equals: Equals) -> Option<Name> {
    let mut exact = true;
    for expected in parameter {
        let (found, length) = character_at(text, at)?;
        if !found.eq_ignore_ascii_case(expected) {
            return None;
        }
        exact &= found == *expected;
        at += length;
    }
    let (mut found, mut length) = character_at(text, at)?;
    if found == b'[' {
        exact = false;
        while found != b'=' {
            if SEPARATORS.contains(&found) {
                return None;
            }
            at += length;
            (found, length) = character_at(text, at)?;
        }
    }
    let equals_is_encoded = length > 1;
    if found != b'=' || equals_is_encoded && equals == Equals::Raw {
        return None;
    }
    Some(Name {
        end: at + length,
        exact,
        equals_is_encoded,
    })
}

/// Where the separator that ends in the character at `at` begins: `&amp;` is one separator.
fn start_of_separator(text: &[u8], at: usize) -> usize {
    let escaped = ["&amp", "%26amp"].into_iter().find(|escaped| {
        let start = at.checked_sub(escaped.len());
        start.is_some_and(|start| text[start..at].eq_ignore_ascii_case(escaped.as_bytes()))
    });
    at - escaped.filter(|_| text[at] != b'&').map_or(0, str::len)
}

fn character_at(text: &[u8], at: usize) -> Option<(u8, usize)> {
    (at < text.len()).then(|| character(text, at))
}

/// The character at `at`, and how many bytes it takes. `%3F` is one character, and so is `%253F`, which
/// was encoded twice.
fn character(text: &[u8], at: usize) -> (u8, usize) {
    if text[at] != b'%' {
        return (text[at], 1);
    }
    let mut digits = at + 1;
    while text[digits..].starts_with(b"25") && hex(text, digits + 2).is_some() {
        digits += 2;
    }
    match hex(text, digits) {
        Some(byte) => (byte, digits + 2 - at),
        None => (b'%', 1),
    }
}

/// The byte that the two digits at `at` mean.
fn hex(text: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| char::from(*text.get(at)?).to_digit(16);
    u8::try_from(digit(at)? * 16 + digit(at + 1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_ticket_is_found_behind_every_separator_and_the_rest_is_unchanged() {
        for (text, rest) in [
            ("a=1&ticket=T", "a=1"),
            ("a=1?ticket=T", "a=1"),
            ("a=1;ticket=T", "a=1"),
            ("a=1,ticket=T", "a=1"),
            ("a=1/ticket=T", "a=1"),
            ("a=1&amp;ticket=T", "a=1"),
            ("a=1%26amp;ticket=T", "a=1"),
            ("a=1%3Fticket=T", "a=1"),
            ("a=1%3fticket%3dT", "a=1"),
            ("a=1%26ticket%3DT%26b=2", "a=1%26b=2"),
            ("a=1%253Fticket%253DT", "a=1"),
            ("%74icket=T&kiosk&b=%2f&b=%2F&=", "kiosk&b=%2f&b=%2F&="),
            ("orgId=1&kiosk&ticket=T&a=+%20", "orgId=1&kiosk&a=+%20"),
        ] {
            assert_eq!(values(text, "ticket", Equals::Any), ["T"], "{text}");
            assert_eq!(strip(text, "ticket", Equals::Any), rest, "{text}");
        }
    }

    #[test]
    fn another_parameter_is_no_ticket() {
        for text in [
            "my-ticket=T",
            "a=ticket&b=1",
            "tickets=T",
            "a=%&b=%2",
            "x=amp;ticke=T",
        ] {
            assert!(values(text, "ticket", Equals::Any).is_empty(), "{text}");
            assert_eq!(strip(text, "ticket", Equals::Any), text);
        }
    }

    #[test]
    fn another_spelling_of_the_name_is_taken_out_and_not_read() {
        for text in ["a=1&Ticket=T", "a=1&ticket[]=T", "a=1&ticket%5B0%5D=T"] {
            assert!(values(text, "ticket", Equals::Any).is_empty(), "{text}");
            assert_eq!(strip(text, "ticket", Equals::Any), "a=1", "{text}");
        }
    }

    /// An app's own `state` may hold the address of a page with such a parameter.
    #[test]
    fn an_encoded_equals_sign_belongs_to_the_value_of_a_client() {
        let query = "state=%2Fissues%3Fticket%3D5&nonce=n";
        assert!(values(query, "ticket", Equals::Raw).is_empty());
        assert_eq!(strip(query, "ticket", Equals::Raw), query);
        assert_eq!(
            strip("state=s%3Fticket=T", "ticket", Equals::Raw),
            "state=s"
        );
    }

    #[test]
    fn a_path_ends_before_the_ticket() {
        for (path, page) in [
            ("/launch/app&ticket=T", "/launch/app"),
            ("/launch/app%26ticket%3DT/x", "/launch/app"),
            ("/launch/app&amp;ticket=T", "/launch/app"),
        ] {
            assert_eq!(before(path, "ticket"), Some(page));
        }
        assert_eq!(before("/launch/my-ticket=T", "ticket"), None);
    }

    proptest! {
        #[test]
        fn nothing_is_left_to_find(text in "([?&;,/%=\\[]|%3F|%26|%2525|%3D|amp|a|ticket|Ticket|ticket=T){0,12}") {
            for equals in [Equals::Raw, Equals::Any] {
                let left = strip(&text, "ticket", equals);
                prop_assert!(search(&left, "ticket", equals).is_empty(), "{} -> {}", text, left);
            }
        }

        #[test]
        fn any_text_is_read(text in any::<String>()) {
            let left = strip(&text, "ticket", Equals::Any);
            prop_assert!(left.len() <= text.len());
        }
    }
}
