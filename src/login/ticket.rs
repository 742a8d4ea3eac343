//! Finds the ticket in a URL that a portal has built.
//!
//! Portals concatenate strings. The ticket may follow a second `?`, appear twice, or contain a `+` that
//! was not escaped or was escaped twice. Unambiguous tickets are read; ambiguous ones are refused.

use panda_oidc_sdk::Ticket;
use percent_encoding::percent_decode_str;

use super::ticket_url::{self, Equals};

/// The longest ticket that is accepted.
const MAX_TICKET_BYTES: usize = 4096;

/// Why a value cannot be a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTicket {
    /// There are two tickets, and they differ.
    #[error("there are two different tickets")]
    Several,
    /// The value is too long.
    #[error("the ticket is longer than {MAX_TICKET_BYTES} bytes")]
    TooLong,
    /// The value has control characters, or is not UTF-8.
    #[error("the ticket holds characters no ticket has")]
    Characters,
}

/// Finds the ticket called `parameter` in a raw query. Returns each possible decoding, the most likely
/// first; empty when there is no ticket.
///
/// # Errors
///
/// [`InvalidTicket`] when the value cannot be a ticket, or there are two different ones.
pub fn find(raw_query: &str, parameter: &str) -> Result<Vec<Ticket>, InvalidTicket> {
    let mut found: Option<&str> = None;
    let values = ticket_url::values(raw_query, parameter, Equals::Raw).into_iter();
    for value in values.filter(|value| !value.is_empty()) {
        if found.is_some_and(|first| first != value) {
            return Err(InvalidTicket::Several);
        }
        found = Some(value);
    }
    found.map_or(Ok(Vec::new()), decodings)
}

/// The raw query without any ticket, however it was appended. The result may be stored, echoed and
/// parsed.
#[must_use]
pub fn strip_ticket(raw_query: &str, parameter: &str) -> String {
    ticket_url::strip(raw_query, parameter, Equals::Raw)
}

fn decodings(raw: &str) -> Result<Vec<Ticket>, InvalidTicket> {
    // A `+` stays a `+`: the portal appends the ticket as it is, without form encoding.
    let ticket = decode(raw)?;
    let mut decodings = vec![ticket.clone()];
    if ticket.contains(' ') {
        // A system on the way may have decoded a `+` as a space.
        decodings.push(ticket.replace(' ', "+"));
    }
    if ticket.contains('%') {
        // A system on the way may have encoded the ticket twice.
        decodings.extend(decode(&ticket).ok().filter(|again| *again != ticket));
    }
    Ok(decodings.into_iter().map(Ticket::new).collect())
}

fn decode(raw: &str) -> Result<String, InvalidTicket> {
    if raw.len() > 3 * MAX_TICKET_BYTES {
        return Err(InvalidTicket::TooLong);
    }
    let ticket = percent_decode_str(raw)
        .decode_utf8()
        .map_err(|_| InvalidTicket::Characters)?;
    check(&ticket)?;
    Ok(ticket.into_owned())
}

fn check(ticket: &str) -> Result<(), InvalidTicket> {
    if ticket.len() > MAX_TICKET_BYTES {
        return Err(InvalidTicket::TooLong);
    }
    if ticket.chars().any(char::is_control) {
        return Err(InvalidTicket::Characters);
    }
    Ok(())
}

/// Reads a ticket that a client sends as a parameter, without any decoding.
///
/// # Errors
///
/// [`InvalidTicket`] when the value cannot be a ticket.
pub fn parse_plain(ticket: &str) -> Result<Ticket, InvalidTicket> {
    check(ticket)?;
    Ok(Ticket::new(ticket.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(query: &str) -> Result<Vec<String>, InvalidTicket> {
        find(query, "ticket").map(|all| {
            all.iter()
                .map(|ticket| ticket.expose().to_owned())
                .collect()
        })
    }

    #[test]
    fn f8_a_ticket_is_found_wherever_a_portal_puts_it() {
        for query in [
            "ticket=T",
            "a=1&ticket=T",
            "a=1?ticket=T",
            "a=1?ticket=T&b=2",
            "ticket=T&ticket=T",
            "ticket=T?ticket=T",
            "?ticket=T",
            "%74icket=T",
            "ticket=&ticket=T",
        ] {
            assert_eq!(found(query), Ok(vec!["T".to_owned()]), "{query}");
        }
        for query in ["", "ticket=", "ticket", "xticket=T", "a=ticket"] {
            assert_eq!(found(query), Ok(vec![]), "{query}");
        }
    }

    #[test]
    fn f8_the_query_without_the_ticket_holds_no_ticket() {
        for (query, left) in [
            ("a=1&ticket=T", "a=1"),
            ("ticket=T&a=1", "a=1"),
            ("a=1?ticket=T&b=2", "a=1&b=2"),
            ("a=1?b?ticket=T", "a=1?b"),
            ("ticket=T?ticket=T&a=1", "a=1"),
            ("?ticket=T&a=1", "a=1"),
            ("%74icket=T&a=%20+", "a=%20+"),
            ("a=ticket&b=1", "a=ticket&b=1"),
        ] {
            assert_eq!(strip_ticket(query, "ticket"), left, "{query}");
        }
    }

    #[test]
    fn f8_two_tickets_are_refused() {
        assert_eq!(found("ticket=A&ticket=B"), Err(InvalidTicket::Several));
        assert_eq!(found("ticket=A?ticket=B"), Err(InvalidTicket::Several));
    }

    #[test]
    fn f9_a_plus_stays_a_plus_and_a_space_may_have_been_a_plus() {
        assert_eq!(found("ticket=a+b/c=="), Ok(vec!["a+b/c==".to_owned()]));
        assert_eq!(found("ticket=a%2Bb"), Ok(vec!["a+b".to_owned()]));
        assert_eq!(
            found("ticket=a%20b"),
            Ok(vec!["a b".to_owned(), "a+b".to_owned()])
        );
        assert_eq!(
            found("ticket=a%252Bb"),
            Ok(vec!["a%2Bb".to_owned(), "a+b".to_owned()])
        );
    }

    #[test]
    fn f9_a_value_that_cannot_be_a_ticket_is_refused() {
        assert_eq!(found("ticket=a%00b"), Err(InvalidTicket::Characters));
        assert_eq!(found("ticket=a%0d%0ab"), Err(InvalidTicket::Characters));
        assert_eq!(found("ticket=%ff"), Err(InvalidTicket::Characters));
        assert_eq!(
            found(&format!("ticket={}", "a".repeat(4097))),
            Err(InvalidTicket::TooLong)
        );
    }

    /// The decoded ticket is one value, even if it contains `&` and `=` (N72, docs/security.md).
    #[test]
    fn n72_a_ticket_cannot_smuggle_a_parameter() {
        assert_eq!(
            found("ticket=a%26userId%3D1"),
            Ok(vec!["a&userId=1".to_owned()])
        );
    }

    proptest! {
        #[test]
        fn any_query_is_read_or_refused(query in any::<String>()) {
            for ticket in find(&query, "ticket").unwrap_or_default() {
                prop_assert!(!ticket.expose().is_empty() && ticket.expose().len() <= MAX_TICKET_BYTES);
                prop_assert!(!ticket.expose().chars().any(char::is_control));
            }
        }

        #[test]
        fn the_query_without_the_ticket_has_none_left_to_find(query in "[?&=a%74icket]{0,30}|(a=1|ticket=T|[?&]){0,8}") {
            prop_assert_eq!(find(&strip_ticket(&query, "ticket"), "ticket").map(|left| left.len()), Ok(0));
        }

        #[test]
        fn an_appended_ticket_is_read_unchanged(ticket in "[A-Za-z0-9+/=_.-]{1,80}") {
            prop_assert_eq!(found(&format!("x=1&ticket={ticket}")), Ok(vec![ticket]));
        }
    }
}
