//! Slips in a URL that a person pasted into a configuration. Parsers accept most of them, and mean something
//! else by them than the person.

/// What is wrong with a pasted URL. The texts never repeat the URL: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

/// The first slip in `text`, if there is one: spaces, quotes, a placeholder, or punctuation of another width.
#[must_use]
pub fn slip(text: &str) -> Option<Slip> {
    let slip = |problem: String, remedy: &str| {
        Some(Slip {
            problem,
            remedy: remedy.to_owned(),
        })
    };
    if text.trim().is_empty() {
        return slip("it is empty".to_owned(), "write the whole address");
    }
    if text.contains(char::is_whitespace) || text.contains(char::is_control) {
        return slip(
            "it has a space or a line break in it".to_owned(),
            "take that out; between letters it is written %20",
        );
    }
    if let Some(invisible) = text.chars().find(|c| is_invisible(*c)) {
        return slip(
            format!(
                "it has an invisible character in it (U+{:04X})",
                u32::from(invisible)
            ),
            "type it instead of pasting it",
        );
    }
    if let Some(wide) = text.chars().find(|c| plain(*c).is_some()) {
        let plain = plain(wide).unwrap_or_default();
        return slip(
            format!("it has `{wide}` in it, as Chinese input methods and word processors write it"),
            &match plain {
                ' ' => "take it out".to_owned(),
                plain => format!("write `{plain}`, or take it out"),
            },
        );
    }
    if text.contains(['<', '>', '"', '`']) || text.starts_with('\'') {
        return slip(
            "it has quotes or angle brackets in it".to_owned(),
            "write the address alone",
        );
    }
    let host = text.split_once("//").map_or(text, |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next().unwrap_or(host);
    if host.contains(['{', '}', '$', '%']) {
        return slip(
            "a placeholder stands where the host belongs".to_owned(),
            "write the host's own name or IP address in its place",
        );
    }
    None
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// The ASCII character for which `c` is written by an input method or a word processor; a space if it has none.
fn plain(c: char) -> Option<char> {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        '\u{2018}'..='\u{201f}' | '\u{2026}' | '\u{3008}'..='\u{3011}' => Some(' '),
        '\u{3001}' => Some(','),
        '\u{3002}' | '\u{ff61}' => Some('.'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_as_a_browser_copies_it_has_no_slip() {
        for text in [
            "http://10.0.0.5",
            "https://portal.example.com:8443/water/?a=1&b='x'#/home",
            "https://[2001:db8::1]/",
            "http://熊猫.example.com/泵站",
            "https://app.example.com/a%20b",
            "com.example.app:/callback",
        ] {
            assert_eq!(slip(text), None, "{text}");
        }
    }

    #[test]
    fn what_was_pasted_with_it_is_told() {
        for (text, word) in [
            ("", "empty"),
            (" http://10.0.0.5", "space"),
            ("http://10.0.0.5\u{3000}", "space"),
            ("http://10.0. 0.5", "space"),
            ("http://10.0.0.5\n", "line break"),
            ("\u{feff}http://10.0.0.5", "U+FEFF"),
            ("http://10.0.0.5\u{200b}", "U+200B"),
            ("http：//10.0.0.5", "`：`"),
            ("http://10.0.0.5：8080", "`：`"),
            ("http://10。0。0。5", "`。`"),
            ("http://１0.0.0.5", "`１`"),
            ("https://sso—prod.example.com", "`—`"),
            ("“http://10.0.0.5”", "`“`"),
            ("'http://10.0.0.5'", "quotes"),
            ("<http://10.0.0.5/>", "angle brackets"),
            ("http://{IP}/PandaOMS", "placeholder"),
            ("http://${HOST}", "placeholder"),
        ] {
            let slip = slip(text).expect(text);
            assert!(slip.problem.contains(word), "{text}: {slip:?}");
        }
    }
}
