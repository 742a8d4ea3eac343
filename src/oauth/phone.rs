//! Converts phone numbers from the spellings that a portal stores to E.164, the format of
//! `phone_number` (OIDC Core §5.1). A text that is not one Chinese or international number yields
//! no claim.

/// The number in E.164, such as `+8613800138000`. `None` when it is not clear which number is
/// meant.
#[must_use]
pub fn e164(stored: &str) -> Option<String> {
    let digits = digits(stored)?;
    if let Some(international) = digits
        .strip_prefix('+')
        .or_else(|| digits.strip_prefix("00"))
    {
        return match international.strip_prefix("86") {
            Some(national) => chinese(national.strip_prefix('0').unwrap_or(national)),
            // E.164: at most 15 digits. No number has fewer than 7, including the country code.
            None => ((7..=15).contains(&international.len()) && !international.starts_with('0'))
                .then(|| format!("+{international}")),
        };
    }
    match digits.strip_prefix('0') {
        Some(landline) => chinese(landline).filter(|_| !is_mobile(landline)),
        None if is_mobile(&digits) => chinese(&digits),
        None => digits
            .strip_prefix("86")
            .filter(|national| is_mobile(national))
            .and_then(chinese),
    }
}

/// The digits alone, half-width, with a leading `+` if there is one. `None` when the text has
/// anything but digits and the usual separators, such as a second number, a mask or an extension.
fn digits(stored: &str) -> Option<String> {
    let mut digits = String::with_capacity(16);
    for c in stored.trim().chars() {
        match c {
            '0'..='9' => digits.push(c),
            '０'..='９' => digits.push(char::from_digit(c as u32 - '０' as u32, 10)?),
            '+' | '＋' if digits.is_empty() => digits.push('+'),
            ' ' | '-' | '(' | ')' | '（' | '）' | '－' | '\u{3000}' | '\u{a0}' => {}
            _ => return None,
        }
    }
    Some(digits)
}

/// A mobile number: 11 digits from 13 to 19.
fn is_mobile(national: &str) -> bool {
    let bytes = national.as_bytes();
    bytes.len() == 11 && bytes[0] == b'1' && (b'3'..=b'9').contains(&bytes[1])
}

/// A national number without its trunk 0: mobile, or an area code of 2 or 3 digits and 7 or 8 more.
fn chinese(national: &str) -> Option<String> {
    let bytes = national.as_bytes();
    let landline = matches!(
        (bytes.first(), bytes.get(1), bytes.len()),
        (Some(b'1'), Some(b'0'), 10)
            | (Some(b'2'), Some(_), 10)
            | (Some(b'3'..=b'9'), Some(_), 10 | 11)
    );
    (landline || is_mobile(national)).then(|| format!("+86{national}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Spellings that portals were found to store.
    #[test]
    fn every_known_spelling_is_converted_or_left_out() {
        for (stored, number) in [
            ("13800138000", Some("+8613800138000")),
            ("138 0013 8000", Some("+8613800138000")),
            ("138-0013-8000", Some("+8613800138000")),
            ("+86 138 0013 8000", Some("+8613800138000")),
            ("8613800138000", Some("+8613800138000")),
            ("008613800138000", Some("+8613800138000")),
            ("１３８００１３８０００", Some("+8613800138000")),
            ("0571-8888 1234", Some("+8657188881234")),
            ("(010) 62781234", Some("+861062781234")),
            ("+86 (0)571 88881234", Some("+8657188881234")),
            ("+1 415 555 2671", Some("+14155552671")),
            ("1822199904", None), // the example in the portal's documentation has only ten digits
            ("88881234", None),   // the area code is missing
            ("13800138000/13900139000", None),
            ("138****8000", None),
            ("13800138000转123", None),
            ("", None),
            ("无", None),
            ("013800138000", None),
            ("110", None),
        ] {
            assert_eq!(e164(stored).as_deref(), number, "{stored}");
        }
    }

    proptest! {
        #[test]
        fn the_result_is_e164_and_is_its_own_result(stored in "\\PC{0,24}|[+0-9 ()-]{0,20}") {
            if let Some(number) = e164(&stored) {
                prop_assert!(number.starts_with('+') && (8..=16).contains(&number.len()));
                prop_assert!(number[1..].bytes().all(|byte| byte.is_ascii_digit()));
                let again = e164(&number);
                prop_assert_eq!(again.as_deref(), Some(number.as_str()));
            }
        }
    }
}
