//! Text of an outside system that people read: names, telephone numbers.

/// The longest text that is kept, in characters. It is written into cookies and tokens.
const MAX_CHARS: usize = 255;

/// `text` as people see it: without control characters and other characters that only reorder or hide
/// text, without blanks around it, and truncated. `None` when nothing is left to see.
///
/// Systems pad names to the width of a column, or keep a line end of an import.
pub(crate) fn display_text(text: &str) -> Option<String> {
    let visible = text.chars().filter(|c| !is_invisible(*c));
    let visible: String = visible
        .map(|c| if is_line_break(c) { ' ' } else { c })
        .collect();
    let text: String = visible.trim().chars().take(MAX_CHARS).collect();
    let text = text.trim_end();
    let is_blank = text.chars().all(|c| c.is_whitespace() || looks_blank(c));
    (!is_blank).then(|| text.to_owned())
}

/// Blanks that would break a line. Removing them would join two words. Of CR LF, the LF counts.
fn is_line_break(c: char) -> bool {
    matches!(c, '\t'..='\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Control characters, and those that reorder text or hide in it. Joiners (U+200C, U+200D) are not among
/// them: scripts and emoji need them.
fn is_invisible(c: char) -> bool {
    (c.is_control() && !is_line_break(c))
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e001f}')
}

/// Characters that are drawn as nothing and are no blanks to Unicode.
fn looks_blank(c: char) -> bool {
    matches!(
        c,
        '\u{115f}' | '\u{1160}' | '\u{200c}' | '\u{200d}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_kept_without_what_nobody_sees() {
        for (text, seen) in [
            ("陈涛", Some("陈涛")),
            ("陈涛          ", Some("陈涛")),
            ("陈涛\r\n", Some("陈涛")),
            ("\u{3000}陈涛\u{a0}", Some("陈涛")),
            ("陈\0涛\0\0", Some("陈涛")),
            ("\u{1b}[31m陈涛", Some("[31m陈涛")),
            ("Chen\tTao", Some("Chen Tao")),
            ("Chen\r\nTao", Some("Chen Tao")),
            ("Chen\u{2028}Tao", Some("Chen Tao")),
            ("\u{202e}涛陈\u{202c}", Some("涛陈")),
            ("\u{2066}a\u{2069}\u{200f}", Some("a")),
            ("\u{feff}陈\u{200b}涛", Some("陈涛")),
            ("👩🏽\u{200d}🚒", Some("👩🏽\u{200d}🚒")),
            ("欧阳 娜娜", Some("欧阳 娜娜")),
            ("<script>", Some("<script>")),
            ("", None),
            ("   ", None),
            ("\r\n\0", None),
            ("\u{200b}\u{3164} \u{2800}", None),
        ] {
            assert_eq!(display_text(text).as_deref(), seen, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_becomes_short_and_visible_or_nothing(text in any::<String>(), times in 1_usize..30) {
            let text = text.repeat(times);
            if let Some(seen) = display_text(&text) {
                prop_assert!((1..=MAX_CHARS).contains(&seen.chars().count()));
                prop_assert_eq!(seen.trim(), &seen);
                prop_assert!(!seen.chars().any(char::is_control));
                prop_assert_eq!(display_text(&seen), Some(seen));
            }
        }
    }
}
