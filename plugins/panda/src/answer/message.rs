//! Sanitizes the portal's failure message for a log line.

use panda_oidc_sdk::Ticket;

/// The replacement for redacted text.
const REDACTED: &str = "[redacted]";
/// The longest message that is kept, in characters.
const MAX_MESSAGE_CHARS: usize = 200;
/// The shortest part of a ticket that is redacted by itself, in characters.
const MIN_RUN_CHARS: usize = 6;
/// The shortest run of digits that could be a phone number.
const MIN_PHONE_DIGITS: usize = 7;

/// `msg` with its code, on one line, truncated, and without the ticket or a phone number.
pub(super) fn of(code: i64, msg: &str, ticket: Option<&Ticket>) -> String {
    let mut text = printable(msg);
    if let Some(ticket) = ticket {
        text = redact_ticket(&text, ticket.expose());
    }
    let text = redact_numbers(&text);
    let text: String = text.trim().chars().take(MAX_MESSAGE_CHARS).collect();
    if text.is_empty() {
        return format!("the portal gave no reason (code {code})");
    }
    format!("{text} (code {code})")
}

/// `text` without characters that could break a log line or change its display order.
fn printable(text: &str) -> String {
    let is_unsafe = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().filter(|c| !is_unsafe(*c)).collect()
}

/// `text` with the ticket redacted, and also every longer run of letters and digits of the ticket:
/// however the portal encodes or quotes the ticket, such runs survive except for their case.
fn redact_ticket(text: &str, ticket: &str) -> String {
    let whole = printable(ticket);
    let runs = ticket
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|run| run.len() >= MIN_RUN_CHARS);
    runs.fold(redact(text, &whole), |text, run| redact(&text, run))
}

/// `text` with every run of digits redacted that could be a phone number or another personal number.
fn redact_numbers(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(char::is_numeric) {
        let (before, digits) = rest.split_at(start);
        let end = digits
            .find(|c: char| !c.is_numeric())
            .unwrap_or(digits.len());
        let (digits, after) = digits.split_at(end);
        kept.push_str(before);
        kept.push_str(if digits.chars().count() < MIN_PHONE_DIGITS {
            digits
        } else {
            REDACTED
        });
        rest = after;
    }
    kept.push_str(rest);
    kept
}

fn redact(text: &str, secret: &str) -> String {
    if secret.is_empty() {
        return text.to_owned();
    }
    let haystack = text.to_ascii_lowercase();
    let mut kept = String::with_capacity(text.len());
    let mut rest = 0;
    for (start, _) in haystack.match_indices(&secret.to_ascii_lowercase()) {
        kept.push_str(&text[rest..start]);
        kept.push_str(REDACTED);
        rest = start + secret.len();
    }
    kept.push_str(&text[rest..]);
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn log_message(msg: &str, ticket: &str) -> String {
        of(1, msg, Some(&Ticket::new(ticket.to_owned())))
    }

    #[test]
    fn a_message_is_kept_with_its_code() {
        assert_eq!(log_message("票据已过期", "abc"), "票据已过期 (code 1)");
    }

    #[test]
    fn a_failure_without_a_message_is_logged_by_its_code() {
        assert_eq!(of(-3, " \n", None), "the portal gave no reason (code -3)");
    }

    #[test]
    fn a_message_stays_on_one_line_and_in_order() {
        assert_eq!(
            log_message("a\r\nb\u{1b}[31m\u{202e}c\u{2028}\u{0}d", "t"),
            "ab[31mcd (code 1)"
        );
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let message = log_message(&"错".repeat(1000), "t");
        assert_eq!(
            message.chars().filter(|c| *c == '错').count(),
            MAX_MESSAGE_CHARS
        );
    }

    #[test]
    fn the_ticket_is_redacted_however_it_is_quoted() {
        let ticket = "aB3dE6+gH9jK2/Zz==";
        for quoted in [
            ticket,
            "AB3DE6+GH9JK2/ZZ==",
            "aB3dE6%2BgH9jK2%2FZz%3D%3D",
            "aB3dE6 gH9jK2/Zz",
            "aB3\u{0}dE6\ngH9jK2",
        ] {
            let message = log_message(&format!("ticket {quoted} 无效"), ticket).to_lowercase();
            assert!(!message.contains("ab3de6"), "{message}");
            assert!(!message.contains("gh9jk2"), "{message}");
            assert!(message.contains("无效"), "{message}");
        }
    }

    #[test]
    fn a_phone_number_is_redacted_and_a_short_number_kept() {
        assert_eq!(
            log_message(
                "用户13800138000（工号 120045）已停用，电话１３８００１３８０００",
                "t"
            ),
            "用户[redacted]（工号 120045）已停用，电话[redacted] (code 1)"
        );
    }

    #[test]
    fn a_ticket_at_the_length_limit_is_redacted_whole() {
        let ticket = "secretsecret";
        let message = log_message(
            &format!("{}{ticket}", "x".repeat(MAX_MESSAGE_CHARS - 4)),
            ticket,
        );
        assert!(!message.contains("secr"), "{message}");
    }

    proptest! {
        #[test]
        fn no_message_shows_its_ticket(before in ".{0,40}", ticket in "[a-zA-Z0-9+/=]{12,40}", after in ".{0,300}") {
            let message = log_message(&format!("{before}{ticket}{after}"), &ticket);
            prop_assert!(!message.contains(&ticket));
            prop_assert!(message.chars().count() < MAX_MESSAGE_CHARS + 40);
        }
    }
}
