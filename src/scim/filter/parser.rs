//! Reads filters: recursive descent over the grammar of RFC 7644 §3.4.2.2, within bounds.

use std::fmt;

use super::{Attribute, Compared, Filter, Kind, Operator};
use crate::scim::error::{ScimError, ScimType};

/// The longest filter, in bytes.
const MAX_FILTER_BYTES: usize = 4096;

/// How deep parentheses may stand in each other.
const DEEPEST: usize = 16;

impl<A: Attribute> Filter<A> {
    /// Reads a filter.
    ///
    /// # Errors
    ///
    /// `invalidFilter`, with what is wrong and where.
    pub fn parse(text: &str) -> Result<Self, ScimError> {
        if text.len() > MAX_FILTER_BYTES {
            return Err(ScimError::bad(
                ScimType::InvalidFilter,
                format!("the filter is longer than {MAX_FILTER_BYTES} bytes"),
            ));
        }
        let mut parser = Parser { text, at: 0 };
        let filter = parser.either(0)?;
        match parser.rest() {
            "" => Ok(filter),
            _ => Err(parser.refuse("\"and\", \"or\" or the end is expected")),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    /// The next byte; always the beginning of a character.
    at: usize,
}

impl<'a> Parser<'a> {
    /// What is left, without the spaces before it.
    fn rest(&mut self) -> &'a str {
        let rest = self.text[self.at..].trim_start_matches(' ');
        self.at = self.text.len() - rest.len();
        rest
    }

    fn refuse(&self, problem: impl fmt::Display) -> ScimError {
        let place = self.text[..self.at].chars().count() + 1;
        ScimError::bad(
            ScimType::InvalidFilter,
            format!("filter, character {place}: {problem}"),
        )
    }

    /// The word that comes next: up to a space or a sign.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || "()[]\"".contains(c));
        &rest[..end.unwrap_or(rest.len())]
    }

    /// Takes a word, in small or capital letters, if it comes next.
    fn takes(&mut self, word: &str) -> bool {
        let comes = self.word().eq_ignore_ascii_case(word);
        if comes {
            self.at += word.len();
        }
        comes
    }

    fn takes_sign(&mut self, sign: char) -> bool {
        let comes = self.rest().starts_with(sign);
        if comes {
            self.at += sign.len_utf8();
        }
        comes
    }

    /// "and" binds closer than "or".
    fn either<A: Attribute>(&mut self, depth: usize) -> Result<Filter<A>, ScimError> {
        let mut any = vec![self.both(depth)?];
        while self.takes("or") {
            any.push(self.both(depth)?);
        }
        Ok(one_or(any, Filter::Any))
    }

    fn both<A: Attribute>(&mut self, depth: usize) -> Result<Filter<A>, ScimError> {
        let mut all = vec![self.one(depth)?];
        while self.takes("and") {
            all.push(self.one(depth)?);
        }
        Ok(one_or(all, Filter::All))
    }

    fn one<A: Attribute>(&mut self, depth: usize) -> Result<Filter<A>, ScimError> {
        let not = self.takes("not");
        if !self.takes_sign('(') {
            return if not {
                Err(self.refuse("\"(\" is expected after \"not\""))
            } else {
                self.comparison()
            };
        }
        if depth == DEEPEST {
            return Err(self.refuse(format!(
                "no more than {DEEPEST} parentheses stand in each other"
            )));
        }
        let inside = self.either(depth + 1)?;
        if !self.takes_sign(')') {
            return Err(self.refuse("\")\" is expected"));
        }
        Ok(if not {
            Filter::Not(Box::new(inside))
        } else {
            inside
        })
    }

    fn comparison<A: Attribute>(&mut self) -> Result<Filter<A>, ScimError> {
        let attribute = self.attribute()?;
        let word = self.word();
        let (operator, not) = match word.to_ascii_lowercase().as_str() {
            "pr" => {
                self.at += word.len();
                return Ok(Filter::Present(attribute));
            }
            "eq" => (Operator::Equals, false),
            "ne" => (Operator::Equals, true),
            "co" => (Operator::Contains, false),
            "sw" => (Operator::StartsWith, false),
            "ew" => (Operator::EndsWith, false),
            "gt" | "ge" | "lt" | "le" => {
                return Err(self.refuse("the operators of order are not supported"));
            }
            _ => return Err(self.refuse("one of eq, ne, co, sw, ew, pr is expected")),
        };
        self.at += word.len();
        let compared = self.value(attribute.kind(), operator)?;
        let filter = Filter::Compare(attribute, operator, compared);
        Ok(if not {
            Filter::Not(Box::new(filter))
        } else {
            filter
        })
    }

    fn attribute<A: Attribute>(&mut self) -> Result<A, ScimError> {
        let word = self.word();
        if word.is_empty() {
            return Err(self.refuse("an attribute is expected"));
        }
        if self.text[self.at + word.len()..].starts_with('[') {
            return Err(self
                .refuse("filters in brackets are not supported; write attribute.value eq \"…\""));
        }
        let Some(attribute) = named(word) else {
            let known: Vec<_> = A::NAMED.iter().map(|(name, _)| *name).collect();
            return Err(self.refuse(format!(
                "this attribute cannot be filtered by; those that can are {}",
                known.join(", ")
            )));
        };
        self.at += word.len();
        Ok(attribute)
    }

    fn value(&mut self, kind: Kind, operator: Operator) -> Result<Compared, ScimError> {
        let compared = if self.rest().starts_with('"') {
            Compared::Text(self.string()?)
        } else {
            let word = self.word();
            let compared = match word {
                "true" => Compared::Boolean(true),
                "false" => Compared::Boolean(false),
                "null" => Compared::Null,
                _ => {
                    return Err(
                        self.refuse("a text in double quotes, true, false or null is expected")
                    );
                }
            };
            self.at += word.len();
            compared
        };
        match (kind, operator, compared) {
            (Kind::Folded, _, Compared::Text(text)) => Ok(Compared::Text(text.to_lowercase())),
            (Kind::Exact, _, text @ Compared::Text(_)) => Ok(text),
            (Kind::Boolean, Operator::Equals, truth @ Compared::Boolean(_)) => Ok(truth),
            (_, Operator::Equals, Compared::Null) => Ok(Compared::Null),
            _ => Err(self.refuse("the attribute has no such values")),
        }
    }

    /// A text as JSON writes it.
    fn string(&mut self) -> Result<String, ScimError> {
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        let Some((end, _)) = end else {
            return Err(self.refuse("a text has no end"));
        };
        let text = serde_json::from_str(&rest[..=end])
            .map_err(|_| self.refuse("a text is not written as in JSON"))?;
        self.at += end + 1;
        Ok(text)
    }
}

/// The attribute that is called `name`, in small or capital letters, with or without its schema.
fn named<A: Attribute>(name: &str) -> Option<A> {
    let after = |prefix: &str| {
        let (head, tail) = name.split_at_checked(prefix.len())?;
        let tail = tail.strip_prefix(':')?;
        head.eq_ignore_ascii_case(prefix).then_some(tail)
    };
    let name = after(A::SCHEMA).unwrap_or(name);
    let is = |(known, _): &&(&str, A)| known.eq_ignore_ascii_case(name);
    A::NAMED.iter().find(is).map(|(_, attribute)| *attribute)
}

fn one_or<A>(mut parts: Vec<Filter<A>>, joined: fn(Vec<Filter<A>>) -> Filter<A>) -> Filter<A> {
    match parts.len() {
        1 => parts.remove(0),
        _ => joined(parts),
    }
}
