//! Parses and evaluates filters as clients write them.

use proptest::prelude::*;

use super::*;
use crate::scim::{ScimError, ScimType, UserAttribute};

#[derive(Clone, Default)]
struct Person {
    id: String,
    name: Option<String>,
    emails: Vec<String>,
    active: bool,
}

impl Searchable for Person {
    type Attribute = UserAttribute;

    fn any(&self, attribute: UserAttribute, holds: &mut dyn FnMut(&Value<'_>) -> bool) -> bool {
        let text = |text: &String| Value::Text(text.clone().into());
        let values: Vec<_> = match attribute {
            UserAttribute::Id => vec![text(&self.id)],
            UserAttribute::DisplayName => self.name.iter().map(text).collect(),
            UserAttribute::Email => self.emails.iter().map(text).collect(),
            UserAttribute::Active => vec![Value::Boolean(self.active)],
            _ => Vec::new(),
        };
        values.iter().any(holds)
    }
}

fn chen() -> Person {
    Person {
        id: "1A".to_owned(),
        name: Some("Chen \"Tao\" 陈涛".to_owned()),
        emails: vec!["c@w.cn".to_owned(), "Tao@w.cn".to_owned()],
        active: true,
    }
}

fn parse(text: &str) -> Result<Filter<UserAttribute>, ScimError> {
    Filter::parse(text)
}

fn holds(text: &str) -> bool {
    let filter = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    filter.holds(&chen())
}

#[test]
fn filters_match_or_do_not() {
    for (text, expected) in [
        (r#"id eq "1A""#, true),
        (r#"id eq "1a""#, false),
        (r#"ID Eq "1A""#, true),
        (r#"userName eq "1A""#, false),
        (r#"id ne "1A""#, false),
        (r#"displayName co "涛""#, true),
        (r#"displayname co "TAO""#, true),
        (r#"displayName sw "chen""#, true),
        (r#"displayName sw "tao""#, false),
        (r#"displayName ew "陈涛""#, true),
        (r#"displayName eq "chen \"tao\" \u9648涛""#, true),
        (r#"emails eq "TAO@W.CN""#, true),
        (r#"emails.value sw "tao""#, true),
        (r#"emails.value eq "x""#, false),
        ("active eq true", true),
        ("active ne true", false),
        ("active eq false", false),
        (r#"active eq "True""#, true),
        ("active eq TRUE", true),
        ("displayName pr", true),
        ("externalId pr", false),
        ("externalId eq null", true),
        ("id ne null", true),
        (
            r#"urn:ietf:params:scim:schemas:core:2.0:User:id eq "1A""#,
            true,
        ),
        (r#"id eq "1A" and active eq true"#, true),
        (r#"id eq "2" and active eq true"#, false),
        (r#"id eq "2" or active eq true"#, true),
        // "and" binds closer than "or".
        (r#"id eq "1A" or id eq "2" and active eq false"#, true),
        (r#"(id eq "1A" or id eq "2") and active eq false"#, false),
        (r#"not (id eq "2") and not(active eq false)"#, true),
        (r#"  id   eq   "1A"  "#, true),
        (r#"((id eq "1A"))"#, true),
    ] {
        assert_eq!(holds(text), expected, "{text}");
    }
}

#[test]
fn a_bad_filter_is_refused_and_the_error_says_where() {
    for (text, message) in [
        ("", "character 1: an attribute is expected"),
        (
            "id",
            "one of eq, ne, co, sw, ew, pr, gt, ge, lt, le is expected",
        ),
        ("id eq", "character 6: a text in double quotes"),
        ("id eq x", "character 7: a text in double quotes"),
        ("displayName eq 1", "a text in double quotes"),
        (r#"meta.lastModified gt "x""#, "a time such as"),
        (r#"id eq "1"#, "a text has no end"),
        (r#"id eq "\x""#, "a text is not written as in JSON"),
        (
            r#"id eq "1" active pr"#,
            "character 11: \"and\", \"or\" or the end",
        ),
        (r#"id gt "1""#, "the operators of order are not supported"),
        (r#"nickName eq "x""#, "this attribute cannot be filtered by"),
        (
            r#"emails[type eq "work"]"#,
            "filters in brackets are not supported",
        ),
        (r#"active eq "yes""#, "the attribute has no such values"),
        ("active co true", "the attribute has no such values"),
        ("id eq true", "the attribute has no such values"),
        ("id co null", "the attribute has no such values"),
        (r#"not id eq "1""#, "\"(\" is expected after \"not\""),
        (r#"(id eq "1""#, "\")\" is expected"),
        (r#"陈 eq "1""#, "character 1: this attribute"),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidFilter), "{text}");
        assert!(error.detail.contains(message), "{text}: {error}");
    }
}

#[test]
fn length_and_depth_of_a_filter_are_limited() {
    let deep = |depth: usize| format!("{}id pr{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&deep(16)).is_ok());
    assert!(
        parse(&deep(17))
            .unwrap_err()
            .detail
            .contains("no more than 16")
    );
    assert!(parse(&deep(2000)).is_err());
    let long = format!("id eq \"{}\"", "x".repeat(5000));
    assert!(
        parse(&long)
            .unwrap_err()
            .detail
            .contains("longer than 4096")
    );
}

#[test]
fn a_filter_that_matches_one_resource_at_most_is_recognized() {
    let of = |text: &str| {
        let only = parse(text).unwrap();
        only.only(&[UserAttribute::Id, UserAttribute::UserName])
            .map(str::to_owned)
    };
    assert_eq!(of(r#"id eq "1""#).as_deref(), Some("1"));
    assert_eq!(
        of(r#"active eq true and userName eq "x""#).as_deref(),
        Some("x")
    );
    for many in [
        r#"id sw "1""#,
        r#"id ne "1""#,
        r#"id eq "1" or id eq "2""#,
        r#"not (id eq "1")"#,
        r#"displayName eq "1""#,
        "id eq null",
    ] {
        assert_eq!(of(many), None, "{many}");
    }
}

/// A valid filter, and its text.
fn filters() -> impl Strategy<Value = (Filter<UserAttribute>, String)> {
    let leaf = (0..UserAttribute::NAMED.len(), "\\PC{0,6}").prop_map(|(index, text)| {
        let (name, attribute) = UserAttribute::NAMED[index];
        let written = serde_json::to_string(&text).unwrap();
        match attribute.kind() {
            Kind::Boolean | Kind::Time => (Filter::Present(attribute), format!("{name} pr")),
            kind => {
                let text = match kind {
                    Kind::Folded => text.to_lowercase(),
                    _ => text,
                };
                let compared = Compared::Text(text);
                (
                    Filter::Compare(attribute, Operator::Contains, compared),
                    format!("{name} co {written}"),
                )
            }
        }
    });
    leaf.prop_recursive(4, 24, 3, |inner| {
        let many = prop::collection::vec(inner.clone(), 2..4);
        let joined = |parts: Vec<(Filter<UserAttribute>, String)>, word: &str| {
            let (parts, texts): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
            let texts: Vec<_> = texts.iter().map(|text| format!("({text})")).collect();
            (parts, texts.join(word))
        };
        prop_oneof![
            many.clone().prop_map(move |parts| {
                let (parts, text) = joined(parts, " and ");
                (Filter::All(parts), text)
            }),
            many.prop_map(move |parts| {
                let (parts, text) = joined(parts, " or ");
                (Filter::Any(parts), text)
            }),
            inner.prop_map(|(part, text)| (Filter::Not(Box::new(part)), format!("not ({text})"))),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,80}|([a-zA-Z.:()\\[\\]\"\\\\ ]|eq|and|or|not|id|active|pr){0,40}") {
        if let Ok(filter) = parse(&text) {
            let _ = filter.holds(&chen());
        }
    }

    #[test]
    fn a_written_filter_is_parsed_back((filter, text) in filters()) {
        prop_assert_eq!(parse(&text).unwrap(), filter, "{}", text);
    }

    #[test]
    fn a_filter_and_its_negation_never_agree((filter, text) in filters()) {
        let opposite = parse(&format!("not ({text})")).unwrap();
        prop_assert_ne!(filter.holds(&chen()), opposite.holds(&chen()));
    }
}
