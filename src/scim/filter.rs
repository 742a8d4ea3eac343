//! Filters (RFC 7644 §3.4.2.2): what they say, and whether it holds for somebody.
//!
//! `eq`, `ne`, `co`, `sw`, `ew`, `pr`, `and`, `or`, `not` and parentheses. What is not there is
//! refused: the operators of order, `emails[…]`, and attributes nobody has.

mod parser;

use std::borrow::Cow;

/// An attribute that can be filtered by.
pub trait Attribute: Copy + PartialEq + 'static {
    /// The names of all of them, as the schema writes them, and their shorter forms.
    const NAMED: &'static [(&'static str, Self)];
    /// The schema whose URN may stand before a name.
    const SCHEMA: &'static str;

    /// How its values are compared.
    fn kind(self) -> Kind;
}

/// How values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As texts, to the letter (`caseExact`).
    Exact,
    /// As texts, small and capital letters being the same.
    Folded,
    /// As truths.
    Boolean,
}

/// A value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// A truth.
    Boolean(bool),
}

/// Something that a filter can be held against.
pub trait Searchable {
    /// Its attributes.
    type Attribute: Attribute;

    /// Whether `holds` for one of the values of `attribute`.
    fn any(&self, attribute: Self::Attribute, holds: &mut dyn FnMut(&Value<'_>) -> bool) -> bool;
}

/// A filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter<A> {
    /// All of these hold.
    All(Vec<Self>),
    /// One of these holds.
    Any(Vec<Self>),
    /// This does not hold.
    Not(Box<Self>),
    /// The attribute has a value.
    Present(A),
    /// One of its values is like this.
    Compare(A, Operator, Compared),
}

/// How a value shall be like another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// It is the same.
    Equals,
    /// It contains it.
    Contains,
    /// It starts with it.
    StartsWith,
    /// It ends with it.
    EndsWith,
}

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// A text; in small letters where these do not count.
    Text(String),
    /// A truth.
    Boolean(bool),
    /// Nothing: there is no value.
    Null,
}

impl<A: Attribute> Filter<A> {
    /// Whether the filter holds for `candidate`.
    #[must_use]
    pub fn holds(&self, candidate: &impl Searchable<Attribute = A>) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.holds(candidate)),
            Self::Any(any) => any.iter().any(|one| one.holds(candidate)),
            Self::Not(filter) => !filter.holds(candidate),
            Self::Present(attribute) => candidate.any(*attribute, &mut |_| true),
            Self::Compare(attribute, _, Compared::Null) => {
                !candidate.any(*attribute, &mut |_| true)
            }
            Self::Compare(attribute, operator, compared) => candidate
                .any(*attribute, &mut |value| {
                    operator.holds(value, compared, attribute.kind())
                }),
        }
    }

    /// The text that one of `attributes` has to be, if the filter holds for nobody else.
    #[must_use]
    pub fn only(&self, attributes: &[A]) -> Option<&str> {
        match self {
            Self::All(all) => all.iter().find_map(|one| one.only(attributes)),
            Self::Compare(attribute, Operator::Equals, Compared::Text(text))
                if attributes.contains(attribute) && attribute.kind() == Kind::Exact =>
            {
                Some(text)
            }
            _ => None,
        }
    }

    /// Whether the filter looks at `attribute`.
    #[must_use]
    pub fn mentions(&self, attribute: A) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().any(|part| part.mentions(attribute))
            }
            Self::Not(filter) => filter.mentions(attribute),
            Self::Present(of) | Self::Compare(of, _, _) => *of == attribute,
        }
    }
}

impl Operator {
    fn holds(self, value: &Value<'_>, compared: &Compared, kind: Kind) -> bool {
        let (text, wanted) = match (value, compared) {
            (Value::Text(text), Compared::Text(wanted)) => (text, wanted.as_str()),
            (Value::Boolean(value), Compared::Boolean(wanted)) => return value == wanted,
            _ => return false,
        };
        let text = match kind {
            Kind::Folded => Cow::Owned(text.to_lowercase()),
            _ => Cow::Borrowed(text.as_ref()),
        };
        match self {
            Self::Equals => text == wanted,
            Self::Contains => text.contains(wanted),
            Self::StartsWith => text.starts_with(wanted),
            Self::EndsWith => text.ends_with(wanted),
        }
    }
}

#[cfg(test)]
mod tests;
