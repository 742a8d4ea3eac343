//! Filters (RFC 7644 §3.4.2.2): their syntax tree, and whether a resource matches one.
//!
//! Supported are `eq`, `ne`, `co`, `sw`, `ew`, `pr`, `and`, `or`, `not` and parentheses, and for times also
//! `gt`, `ge`, `lt`, `le`. Everything else is refused: the order of texts, value paths such as `emails[…]`,
//! and unknown attributes.

mod parser;
mod time;

use std::borrow::Cow;

use chrono::{DateTime, Utc};

/// An attribute that can be filtered by.
pub trait Attribute: Copy + PartialEq + 'static {
    /// The attributes by name: the names of the schema, and their short forms (`emails` for
    /// `emails.value`).
    const NAMED: &'static [(&'static str, Self)];
    /// The URN of the schema; a name may be prefixed with it.
    const SCHEMA: &'static str;

    /// How the values of the attribute are compared.
    fn kind(self) -> Kind;
}

/// How values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As case-sensitive text (`caseExact`).
    Exact,
    /// As text, ignoring case.
    Folded,
    /// As booleans.
    Boolean,
    /// As times.
    Time,
}

/// A value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// A boolean.
    Boolean(bool),
    /// A time.
    Time(DateTime<Utc>),
}

/// A resource that a filter can be evaluated on.
pub trait Searchable {
    /// The attributes of the resource.
    type Attribute: Attribute;

    /// Whether `holds` is true for one of the values of `attribute`.
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
    /// One of the attribute's values satisfies the comparison.
    Compare(A, Operator, Compared),
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `eq`
    Equals,
    /// `co`
    Contains,
    /// `sw`
    StartsWith,
    /// `ew`
    EndsWith,
    /// `gt`
    Greater,
    /// `ge`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `le`
    LessOrEqual,
}

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// A text; in lower case if the comparison ignores case.
    Text(String),
    /// A boolean.
    Boolean(bool),
    /// A time.
    Time(DateTime<Utc>),
    /// `null`: the attribute has no value.
    Null,
}

impl<A: Attribute> Filter<A> {
    /// Whether `candidate` matches the filter.
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

    /// The text that one of `attributes` must equal, if the filter demands that. The caller then looks
    /// up one resource instead of scanning all.
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

    /// Whether the filter mentions `attribute`.
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
    /// Whether it asks for an order.
    fn is_order(self) -> bool {
        use Operator::{Greater, GreaterOrEqual, Less, LessOrEqual};
        matches!(self, Greater | GreaterOrEqual | Less | LessOrEqual)
    }

    fn holds(self, value: &Value<'_>, compared: &Compared, kind: Kind) -> bool {
        let (text, expected) = match (value, compared) {
            (Value::Text(text), Compared::Text(expected)) => (text, expected.as_str()),
            (Value::Boolean(value), Compared::Boolean(expected)) => return value == expected,
            (Value::Time(value), Compared::Time(expected)) => {
                return self.holds_for(value, expected);
            }
            _ => return false,
        };
        let text = match kind {
            Kind::Folded => Cow::Owned(text.to_lowercase()),
            _ => Cow::Borrowed(text.as_ref()),
        };
        match self {
            Self::Contains => text.contains(expected),
            Self::StartsWith => text.starts_with(expected),
            Self::EndsWith => text.ends_with(expected),
            _ => self.holds_for(text.as_ref(), expected),
        }
    }

    /// Whether `value` stands in this order to `expected`.
    fn holds_for<T: Ord + ?Sized>(self, value: &T, expected: &T) -> bool {
        match self {
            Self::Equals => value == expected,
            Self::Greater => value > expected,
            Self::GreaterOrEqual => value >= expected,
            Self::Less => value < expected,
            Self::LessOrEqual => value <= expected,
            Self::Contains | Self::StartsWith | Self::EndsWith => false,
        }
    }
}

#[cfg(test)]
mod tests;
