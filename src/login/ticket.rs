//! Finding the ticket in what a portal made of a URL.
//!
//! Portals join strings. The ticket may come behind a second `?`, twice, with its `+` unescaped or
//! escaped once too often; what is certain is read, what is ambiguous is refused.

use panda_oidc_sdk::Ticket;
use percent_encoding::percent_decode_str;

/// Longer than any ticket, in bytes.
const MAX: usize = 4096;

/// What stands where a ticket should, and is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnfitTicket {
    /// Two of them, and they differ.
    #[error("there are two different tickets")]
    Several,
    /// Too long for one.
    #[error("the ticket is longer than {MAX} bytes")]
    TooLong,
    /// Control characters, or bytes that are no text.
    #[error("the ticket holds characters no ticket has")]
    Characters,
}

/// Finds the ticket called `parameter` in a raw query, in every reading it may be meant in, the
/// most likely first. Empty when there is none.
///
/// # Errors
///
/// [`UnfitTicket`] when something stands there that no portal means.
pub fn find(raw_query: &str, parameter: &str) -> Result<Vec<Ticket>, UnfitTicket> {
    let mut found: Option<&str> = None;
    for value in values(raw_query, parameter).filter(|value| !value.is_empty()) {
        if found.is_some_and(|first| first != value) {
            return Err(UnfitTicket::Several);
        }
        found = Some(value);
    }
    found.map_or(Ok(Vec::new()), readings)
}

/// The raw values of `parameter`. A `?` begins a parameter as well as a `&` does, when it is the
/// ticket that follows: portals append `?ticket=` to URLs that have a query already (F8).
fn values<'a>(raw_query: &'a str, parameter: &'a str) -> impl Iterator<Item = &'a str> {
    raw_query.split('&').flat_map(move |pair| {
        let begins = |part: &str| is_called(part, parameter);
        let own = pair
            .split_once('=')
            .filter(|_| begins(pair))
            .map(|(_, value)| value);
        let joined = pair
            .match_indices('?')
            .map(|(at, _)| &pair[at + 1..])
            .find(|part| begins(part));
        let joined = joined
            .and_then(|part| part.split_once('='))
            .map(|(_, value)| value);
        match (own, joined) {
            // `ticket=a?ticket=a`: the first one ends where the second begins.
            (Some(own), Some(_)) => [own.split_once('?').map(|(value, _)| value), joined],
            (own, joined) => [own, joined],
        }
        .into_iter()
        .flatten()
    })
}

/// The raw query without any ticket, wherever it was joined: what may be kept, echoed and parsed.
#[must_use]
pub fn without(raw_query: &str, parameter: &str) -> String {
    let rest = raw_query.split('&').filter_map(|pair| {
        if is_called(pair, parameter) {
            return None;
        }
        let mut joints = pair.match_indices('?').map(|(at, _)| at);
        let joined = joints.find(|at| is_called(&pair[at + 1..], parameter));
        Some(joined.map_or(pair, |at| &pair[..at]))
    });
    rest.collect::<Vec<_>>().join("&")
}

/// Whether `part` begins with `parameter=`.
fn is_called(part: &str, parameter: &str) -> bool {
    part.split_once('=').is_some_and(|(name, _)| {
        percent_decode_str(name)
            .decode_utf8()
            .is_ok_and(|name| name == parameter)
    })
}

fn readings(raw: &str) -> Result<Vec<Ticket>, UnfitTicket> {
    // A `+` is itself: the portal pastes the ticket as it is, it does not encode forms (F9).
    let ticket = decode(raw)?;
    let mut readings = vec![ticket.clone()];
    if ticket.contains(' ') {
        // Somebody on the way took a `+` for a blank.
        readings.push(ticket.replace(' ', "+"));
    }
    if ticket.contains('%') {
        // Somebody on the way encoded twice.
        readings.extend(decode(&ticket).ok().filter(|again| *again != ticket));
    }
    Ok(readings.into_iter().map(Ticket::new).collect())
}

fn decode(raw: &str) -> Result<String, UnfitTicket> {
    if raw.len() > 3 * MAX {
        return Err(UnfitTicket::TooLong);
    }
    let ticket = percent_decode_str(raw)
        .decode_utf8()
        .map_err(|_| UnfitTicket::Characters)?;
    fit(&ticket)?;
    Ok(ticket.into_owned())
}

fn fit(ticket: &str) -> Result<(), UnfitTicket> {
    if ticket.len() > MAX {
        return Err(UnfitTicket::TooLong);
    }
    if ticket.chars().any(char::is_control) {
        return Err(UnfitTicket::Characters);
    }
    Ok(())
}

/// A ticket that a program hands over, as it is.
///
/// # Errors
///
/// [`UnfitTicket`] when it can be none.
pub fn plain(ticket: &str) -> Result<Ticket, UnfitTicket> {
    fit(ticket)?;
    Ok(Ticket::new(ticket.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(query: &str) -> Result<Vec<String>, UnfitTicket> {
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
    fn f8_what_is_left_holds_no_ticket_wherever_it_was() {
        for (query, left) in [
            ("a=1&ticket=T", "a=1"),
            ("ticket=T&a=1", "a=1"),
            ("a=1?ticket=T&b=2", "a=1&b=2"),
            ("a=1?b?ticket=T", "a=1?b"),
            ("ticket=T?ticket=T&a=1", "a=1"),
            ("?ticket=T&a=1", "&a=1"),
            ("%74icket=T&a=%20+", "a=%20+"),
            ("a=ticket&b=1", "a=ticket&b=1"),
        ] {
            assert_eq!(without(query, "ticket"), left, "{query}");
        }
    }

    #[test]
    fn f8_two_tickets_are_refused() {
        assert_eq!(found("ticket=A&ticket=B"), Err(UnfitTicket::Several));
        assert_eq!(found("ticket=A?ticket=B"), Err(UnfitTicket::Several));
    }

    #[test]
    fn f9_a_plus_is_a_plus_and_a_blank_may_have_been_one() {
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
    fn f9_what_no_ticket_holds_is_refused() {
        assert_eq!(found("ticket=a%00b"), Err(UnfitTicket::Characters));
        assert_eq!(found("ticket=a%0d%0ab"), Err(UnfitTicket::Characters));
        assert_eq!(found("ticket=%ff"), Err(UnfitTicket::Characters));
        assert_eq!(
            found(&format!("ticket={}", "a".repeat(4097))),
            Err(UnfitTicket::TooLong)
        );
    }

    /// N72: one value, whatever it holds.
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
                prop_assert!(!ticket.expose().is_empty() && ticket.expose().len() <= MAX);
                prop_assert!(!ticket.expose().chars().any(char::is_control));
            }
        }

        #[test]
        fn nothing_is_left_to_find(query in "[?&=a%74icket]{0,30}|(a=1|ticket=T|[?&]){0,8}") {
            prop_assert_eq!(find(&without(&query, "ticket"), "ticket").map(|left| left.len()), Ok(0));
        }

        #[test]
        fn a_pasted_ticket_is_read_as_it_was(ticket in "[A-Za-z0-9+/=_.-]{1,80}") {
            prop_assert_eq!(found(&format!("x=1&ticket={ticket}")), Ok(vec![ticket]));
        }
    }
}
