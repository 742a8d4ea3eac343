//! What the portal says about a failure, made fit for a log line.

use panda_oidc_sdk::Ticket;

/// What stands for what is struck out.
const STRUCK: &str = "[redacted]";
/// How much of a message is kept, in characters.
const MAX_MESSAGE_CHARS: usize = 200;
/// The shortest part of a ticket that is struck out by itself.
const TELLING: usize = 6;
/// The shortest row of digits that could be somebody's phone number.
const PHONE: usize = 7;

/// `msg` on one line, without the ticket or a phone number and not too long, with its code.
pub(super) fn of(code: i64, msg: &str, ticket: Option<&Ticket>) -> String {
    let mut text = printable(msg);
    if let Some(ticket) = ticket {
        text = without(&text, ticket.expose());
    }
    let text = without_numbers(&text);
    let text: String = text.trim().chars().take(MAX_MESSAGE_CHARS).collect();
    if text.is_empty() {
        return format!("the portal gave no reason (code {code})");
    }
    format!("{text} (code {code})")
}

/// `text` without what could break a log line or show it in another order.
fn printable(text: &str) -> String {
    let disturbs = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().filter(|c| !disturbs(*c)).collect()
}

/// `text` with the ticket struck out, and every longer run of letters and digits in it as well:
/// however the portal encodes or quotes what it was asked, those stay as they are, but for case.
fn without(text: &str, ticket: &str) -> String {
    let whole = printable(ticket);
    let runs = ticket
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|run| run.len() >= TELLING);
    runs.fold(strike(text, &whole), |text, run| strike(&text, run))
}

/// `text` with every row of digits struck out that could be a phone number, or another number of
/// somebody's.
fn without_numbers(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(char::is_numeric) {
        let (before, row) = rest.split_at(start);
        let end = row.find(|c: char| !c.is_numeric()).unwrap_or(row.len());
        let (row, after) = row.split_at(end);
        kept.push_str(before);
        kept.push_str(if row.chars().count() < PHONE {
            row
        } else {
            STRUCK
        });
        rest = after;
    }
    kept.push_str(rest);
    kept
}

fn strike(text: &str, secret: &str) -> String {
    if secret.is_empty() {
        return text.to_owned();
    }
    let haystack = text.to_ascii_lowercase();
    let mut kept = String::with_capacity(text.len());
    let mut rest = 0;
    for (start, _) in haystack.match_indices(&secret.to_ascii_lowercase()) {
        kept.push_str(&text[rest..start]);
        kept.push_str(STRUCK);
        rest = start + secret.len();
    }
    kept.push_str(&text[rest..]);
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn about(msg: &str, ticket: &str) -> String {
        of(1, msg, Some(&Ticket::new(ticket.to_owned())))
    }

    #[test]
    fn a_message_is_kept_with_its_code() {
        assert_eq!(about("票据已过期", "abc"), "票据已过期 (code 1)");
    }

    #[test]
    fn a_silent_failure_is_told_by_its_code() {
        assert_eq!(of(-3, " \n", None), "the portal gave no reason (code -3)");
    }

    #[test]
    fn a_message_stays_on_one_line_and_in_order() {
        assert_eq!(
            about("a\r\nb\u{1b}[31m\u{202e}c\u{2028}\u{0}d", "t"),
            "ab[31mcd (code 1)"
        );
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let message = about(&"错".repeat(1000), "t");
        assert_eq!(
            message.chars().filter(|c| *c == '错').count(),
            MAX_MESSAGE_CHARS
        );
    }

    #[test]
    fn the_ticket_is_struck_out_however_it_is_quoted() {
        let ticket = "aB3dE6+gH9jK2/Zz==";
        for quoted in [
            ticket,
            "AB3DE6+GH9JK2/ZZ==",
            "aB3dE6%2BgH9jK2%2FZz%3D%3D",
            "aB3dE6 gH9jK2/Zz",
            "aB3\u{0}dE6\ngH9jK2",
        ] {
            let message = about(&format!("ticket {quoted} 无效"), ticket).to_lowercase();
            assert!(!message.contains("ab3de6"), "{message}");
            assert!(!message.contains("gh9jk2"), "{message}");
            assert!(message.contains("无效"), "{message}");
        }
    }

    #[test]
    fn a_phone_number_is_struck_out_and_a_short_number_kept() {
        assert_eq!(
            about(
                "用户13800138000（工号 120045）已停用，电话１３８００１３８０００",
                "t"
            ),
            "用户[redacted]（工号 120045）已停用，电话[redacted] (code 1)"
        );
    }

    #[test]
    fn a_ticket_at_the_cut_is_struck_out_whole() {
        let ticket = "secretsecret";
        let message = about(
            &format!("{}{ticket}", "x".repeat(MAX_MESSAGE_CHARS - 4)),
            ticket,
        );
        assert!(!message.contains("secr"), "{message}");
    }

    proptest! {
        #[test]
        fn no_message_shows_its_ticket(before in ".{0,40}", ticket in "[a-zA-Z0-9+/=]{12,40}", after in ".{0,300}") {
            let message = about(&format!("{before}{ticket}{after}"), &ticket);
            prop_assert!(!message.contains(&ticket));
            prop_assert!(message.chars().count() < MAX_MESSAGE_CHARS + 40);
        }
    }
}
