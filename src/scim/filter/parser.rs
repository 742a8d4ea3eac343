//! Parses filters: recursive descent over the grammar of RFC 7644 §3.4.2.2, with limits on length and
//! depth.

use std::fmt;

use super::{Attribute, Compared, Filter, Kind, Operator, time};
use crate::scim::error::{ScimError, ScimType};

/// The longest filter, in bytes.
const MAX_FILTER_BYTES: usize = 4096;

/// How deep parentheses may be nested.
const MAX_DEPTH: usize = 16;

impl<A: Attribute> Filter<A> {
    /// Parses a filter.
    ///
    /// # Errors
    ///
    /// `invalidFilter`; the detail says what is wrong and where.
    pub fn parse(text: &str) -> Result<Self, ScimError> {
        if text.len() > MAX_FILTER_BYTES {
            return Err(ScimError::bad_request(
                ScimType::InvalidFilter,
                format!("the filter is longer than {MAX_FILTER_BYTES} bytes"),
            ));
        }
        let mut parser = Parser { text, position: 0 };
        let filter = parser.disjunction(0)?;
        match parser.rest() {
            "" => Ok(filter),
            _ => Err(parser.refuse("\"and\", \"or\" or the end is expected")),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    /// The offset of the next byte; always a character boundary.
    position: usize,
}

impl<'a> Parser<'a> {
    /// Skips spaces and returns the rest of the text.
    fn rest(&mut self) -> &'a str {
        let rest = self.text[self.position..].trim_start_matches(' ');
        self.position = self.text.len() - rest.len();
        rest
    }

    fn refuse(&self, problem: impl fmt::Display) -> ScimError {
        let character = self.text[..self.position].chars().count() + 1;
        ScimError::bad_request(
            ScimType::InvalidFilter,
            format!("filter, character {character}: {problem}"),
        )
    }

    /// The next word, which ends before a space, a parenthesis, a bracket or a quotation mark. Does not
    /// consume it.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || "()[]\"".contains(c));
        &rest[..end.unwrap_or(rest.len())]
    }

    /// Consumes `word`, ignoring case, if it comes next.
    fn consume(&mut self, word: &str) -> bool {
        let found = self.word().eq_ignore_ascii_case(word);
        if found {
            self.position += word.len();
        }
        found
    }

    /// Consumes `sign` if it comes next.
    fn consume_sign(&mut self, sign: char) -> bool {
        let found = self.rest().starts_with(sign);
        if found {
            self.position += sign.len_utf8();
        }
        found
    }

    /// A disjunction. "and" binds closer than "or", so its parts are conjunctions.
    fn disjunction<A: Attribute>(&mut self, depth: usize) -> Result<Filter<A>, ScimError> {
        let mut any = vec![self.conjunction(depth)?];
        while self.consume("or") {
            any.push(self.conjunction(depth)?);
        }
        Ok(single_or(any, Filter::Any))
    }

    /// A conjunction.
    fn conjunction<A: Attribute>(&mut self, depth: usize) -> Result<Filter<A>, ScimError> {
        let mut all = vec![self.factor(depth)?];
        while self.consume("and") {
            all.push(self.factor(depth)?);
        }
        Ok(single_or(all, Filter::All))
    }

    /// A comparison, or a filter in parentheses, which "not" may precede.
    fn factor<A: Attribute>(&mut self, depth: usize) -> Result<Filter<A>, ScimError> {
        let not = self.consume("not");
        if !self.consume_sign('(') {
            return if not {
                Err(self.refuse("\"(\" is expected after \"not\""))
            } else {
                self.comparison()
            };
        }
        if depth == MAX_DEPTH {
            return Err(self.refuse(format!(
                "no more than {MAX_DEPTH} parentheses stand in each other"
            )));
        }
        let inside = self.disjunction(depth + 1)?;
        if !self.consume_sign(')') {
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
                self.position += word.len();
                return Ok(Filter::Present(attribute));
            }
            "eq" => (Operator::Equals, false),
            "ne" => (Operator::Equals, true),
            "co" => (Operator::Contains, false),
            "sw" => (Operator::StartsWith, false),
            "ew" => (Operator::EndsWith, false),
            "gt" => (Operator::Greater, false),
            "ge" => (Operator::GreaterOrEqual, false),
            "lt" => (Operator::Less, false),
            "le" => (Operator::LessOrEqual, false),
            _ => {
                return Err(
                    self.refuse("one of eq, ne, co, sw, ew, pr, gt, ge, lt, le is expected")
                );
            }
        };
        // An order of texts would put the id 10 before 9.
        if operator.is_order() && attribute.kind() != Kind::Time {
            return Err(self.refuse("the operators of order are not supported for this attribute"));
        }
        self.position += word.len();
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
        if self.text[self.position + word.len()..].starts_with('[') {
            return Err(self
                .refuse("filters in brackets are not supported; write attribute.value eq \"…\""));
        }
        let Some(attribute) = find_attribute(word) else {
            let known: Vec<_> = A::NAMED.iter().map(|(name, _)| *name).collect();
            return Err(self.refuse(format!(
                "this attribute cannot be filtered by; those that can are {}",
                known.join(", ")
            )));
        };
        self.position += word.len();
        Ok(attribute)
    }

    fn value(&mut self, kind: Kind, operator: Operator) -> Result<Compared, ScimError> {
        let compared = if self.rest().starts_with('"') {
            Compared::Text(self.string()?)
        } else {
            let word = self.word();
            let compared = match word.to_ascii_lowercase().as_str() {
                "true" => Compared::Boolean(true),
                "false" => Compared::Boolean(false),
                "null" => Compared::Null,
                // Some systems write an id of digits as a number.
                _ if kind == Kind::Exact && is_number(word) => Compared::Text(word.to_owned()),
                _ => {
                    return Err(
                        self.refuse("a text in double quotes, true, false or null is expected")
                    );
                }
            };
            self.position += word.len();
            compared
        };
        match (kind, operator, compared) {
            (Kind::Time, operator, Compared::Text(text))
                if operator == Operator::Equals || operator.is_order() =>
            {
                let time = time::parse(&text).map(Compared::Time);
                time.ok_or_else(|| {
                    self.refuse("a time such as \"2026-11-25T12:00:00Z\" is expected")
                })
            }
            // Entra ID writes `active eq "True"`.
            (Kind::Boolean, Operator::Equals, Compared::Text(text))
                if matches!(text.to_ascii_lowercase().as_str(), "true" | "false") =>
            {
                Ok(Compared::Boolean(text.eq_ignore_ascii_case("true")))
            }
            (Kind::Folded, _, Compared::Text(text)) => Ok(Compared::Text(text.to_lowercase())),
            (Kind::Exact, _, text @ Compared::Text(_)) => Ok(text),
            (Kind::Boolean, Operator::Equals, boolean @ Compared::Boolean(_)) => Ok(boolean),
            (_, Operator::Equals, Compared::Null) => Ok(Compared::Null),
            _ => Err(self.refuse("the attribute has no such values")),
        }
    }

    /// A JSON string.
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
        self.position += end + 1;
        Ok(text)
    }
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The attribute called `name`, ignoring case, with or without the URN of its schema.
fn find_attribute<A: Attribute>(name: &str) -> Option<A> {
    let after = |prefix: &str| {
        let (head, tail) = name.split_at_checked(prefix.len())?;
        let tail = tail.strip_prefix(':')?;
        head.eq_ignore_ascii_case(prefix).then_some(tail)
    };
    let name = after(A::SCHEMA).unwrap_or(name);
    let is = |(known, _): &&(&str, A)| known.eq_ignore_ascii_case(name);
    A::NAMED.iter().find(is).map(|(_, attribute)| *attribute)
}

/// The only part, or all parts `joined`.
fn single_or<A>(mut parts: Vec<Filter<A>>, joined: fn(Vec<Filter<A>>) -> Filter<A>) -> Filter<A> {
    match parts.len() {
        1 => parts.remove(0),
        _ => joined(parts),
    }
}
