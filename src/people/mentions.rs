//! The names that rules and access rules mention: groups, roles, attributes of links, ids. A name that
//! matches nothing makes a rule true for nobody, or a denial hold for nobody.

use std::collections::BTreeSet;

/// The names that a rule mentions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Groups.
    pub groups: BTreeSet<String>,
    /// Roles.
    pub roles: BTreeSet<String>,
    /// Attributes of the link.
    pub attributes: BTreeSet<String>,
    /// The portal's ids of people.
    pub ids: BTreeSet<String>,
}

impl Mentions {
    /// Reads the usual ways to write a name in a rule: `"a" in groups`, `groups is containing "a"`,
    /// `link.attributes.a`, `link.attributes["a"]`, `user.id == "1"`, `user.id in ["1"]`. A name that a
    /// rule computes is not found.
    #[must_use]
    pub fn of_rule(source: &str) -> Self {
        let mut mentions = Self::default();
        for code in code_of(source) {
            let tokens = tokens(code);
            for at in 0..tokens.len() {
                mentions.read(&tokens[at..]);
            }
        }
        mentions
    }

    /// Reads what `tokens` begin with.
    fn read(&mut self, tokens: &[Token<'_>]) {
        use Token::{Name, Sign, Text};
        // `not`, `is` and parentheses do not change which name is meant.
        let filler = |token: &&Token<'_>| !matches!(token, Name("not" | "is") | Sign('('));
        let mut next = tokens.iter().filter(filler).take(4);
        match [(); 4].map(|()| next.next()) {
            [Some(Text(name)), Some(Name("in")), Some(Name(list)), _]
            | [
                Some(Name(list)),
                Some(Name("containing")),
                Some(Text(name)),
                _,
            ] => match *list {
                "groups" => _ = self.groups.insert(name.clone()),
                "roles" => _ = self.roles.insert(name.clone()),
                _ => {}
            },
            [
                Some(Name("link.attributes")),
                Some(Sign('[')),
                Some(Text(name)),
                Some(Sign(']')),
            ] => {
                self.attributes.insert(name.clone());
            }
            [
                Some(Name("user.id")),
                Some(Sign('=')),
                Some(Sign('=')),
                Some(Text(id)),
            ]
            | [
                Some(Text(id)),
                Some(Sign('=')),
                Some(Sign('=')),
                Some(Name("user.id")),
            ] => {
                self.ids.insert(id.clone());
            }
            [
                Some(Name("user.id")),
                Some(Name("in")),
                Some(Sign('[')),
                Some(Text(_)),
            ] => {
                let list = tokens.iter().skip_while(|token| **token != Sign('['));
                let list = list.take_while(|token| **token != Sign(']'));
                self.ids.extend(list.filter_map(|token| match token {
                    Text(id) => Some(id.clone()),
                    _ => None,
                }));
            }
            [Some(Name(path)), ..] => {
                let attribute = path.strip_prefix("link.attributes.");
                let attribute = attribute.and_then(|path| path.split('.').next());
                self.attributes.extend(attribute.map(str::to_owned));
            }
            _ => {}
        }
    }
}

/// The parts of a template that are code; an expression is code as a whole.
fn code_of(source: &str) -> Vec<&str> {
    if !source.contains("{{") && !source.contains("{%") {
        return vec![source];
    }
    let mut parts = Vec::new();
    let mut rest = source;
    while let Some(begin) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let code = &rest[begin + 2..];
        let end = code.find("}}").into_iter().chain(code.find("%}")).min();
        let end = end.unwrap_or(code.len());
        parts.push(&code[..end]);
        rest = &code[end..];
    }
    parts
}

#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    /// A variable with its path, or a word.
    Name(&'a str),
    /// A quoted text.
    Text(String),
    Sign(char),
}

fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_name = |c: char| c.is_alphanumeric() || "_.".contains(c);
        let length = if matches!(first, '"' | '\'') {
            let (text, length) = quoted(rest, first);
            tokens.push(Token::Text(text));
            length
        } else if is_name(first) {
            let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            tokens.push(Token::Name(&rest[..length]));
            length
        } else {
            tokens.push(Token::Sign(first));
            first.len_utf8()
        };
        rest = rest[length..].trim_start();
    }
    tokens
}

/// The text in quotes at the beginning of `code`, and its length with the quotes.
fn quoted(code: &str, quote: char) -> (String, usize) {
    let mut text = String::new();
    let mut characters = code.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => text.extend(characters.next().map(|(_, c)| c)),
            c if c == quote => return (text, at + 1),
            c => text.push(c),
        }
    }
    (text, code.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mentioned(rule: &str) -> String {
        let Mentions {
            groups,
            roles,
            attributes,
            ids,
        } = Mentions::of_rule(rule);
        let lists = [("g", groups), ("r", roles), ("a", attributes), ("i", ids)];
        let names = lists
            .iter()
            .flat_map(|(kind, names)| names.iter().map(move |name| format!("{kind}:{name}")));
        names.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_usual_ways_to_write_a_name_are_read() {
        for (rule, names) in [
            (r#""a" in groups and 'b c' not in groups"#, "g:a g:b c"),
            (r#"not "a" in groups"#, "g:a"),
            (r#""a" is in(groups)"#, "g:a"),
            (r#"groups is containing("a")"#, "g:a"),
            (
                r#""Editor" in roles or "调度" in groups"#,
                "g:调度 r:Editor",
            ),
            (r#"link.attributes.dept == "x""#, "a:dept"),
            (r#"link.attributes["部门"] in ["x"]"#, "a:部门"),
            (r#"user.id == "17" or "18" == user.id"#, "i:17 i:18"),
            (r#"user.id not in ["17", "18"]"#, "i:17 i:18"),
            (r#"{{ "Admin" if "ops" in groups else "Viewer" }}"#, "g:ops"),
            (
                r#"it's {% if "a" in groups %}{{ link.attributes.dept }}{% endif %}"#,
                "g:a a:dept",
            ),
            ("{{ groups }}", ""),
            (r#"user.name == "groups""#, ""),
            (r#""a\"b" in groups"#, r#"g:a"b"#),
        ] {
            assert_eq!(mentioned(rule), names, "{rule}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(rule in "\\PC{0,40}|[\"'{}%\\\\ a.\\[\\]=]{0,30}") {
            let _ = Mentions::of_rule(&rule);
        }
    }
}
